/** UUID of an account; also the id of the conversation with it. */
export type UserId = string
