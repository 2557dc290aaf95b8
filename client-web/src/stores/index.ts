export * from './app'
export * from './chats'
export * from './injected-messenger'
