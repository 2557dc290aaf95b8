export * from './app'
export * from './chats'
export * from './messenger'
