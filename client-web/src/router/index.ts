/**
 * Where one can be. The path lives behind the `#`: it never reaches the server, so a reload does
 * not tell whose chat is open. `depth` is the pane a phone shows: 0 list, 1 main, 2 details.
 */
import { createRouter, createWebHashHistory } from 'vue-router'
import { routes } from './routes'

export const router = createRouter({ history: createWebHashHistory(), routes })
