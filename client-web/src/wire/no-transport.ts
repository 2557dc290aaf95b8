/** In place of Socket.IO's long polling and WebTransport: its client leaves out ways that are not there. */
export const XHR = undefined
export const WT = undefined
