/** One sentence per `ErrorCode`: what happened, and what to do where something can be done. */
export default {
  invalid: 'Something in there is not allowed.',
  username_taken: 'This name is taken. Try another.',
  bad_credentials: 'User name and password do not fit.',
  wrong_password: 'That is not your password.',
  bad_code: 'This is not a complete code. It looks like {example}.',
  own_code: 'This is your own code.',
  already_contact: 'This person is already a contact.',
  too_late: 'The time for this is over.',
  too_long: 'This message is too long.',
  unsendable_text:
    'This text holds control characters that cannot be sent. Paste it as plain text, or delete them.',
  bad_address: 'This is not the address of a server. It looks like chat.example.org.',
  not_a_relay:
    'No Sealstream server answers there, or its certificate does not fit its name. Check the address and your network.',
  wrong_passphrase: 'That is not the passphrase.',
  wrong_passkey: 'That is not the passkey of this device. Use the passphrase.',
  passkey_unsupported: 'This passkey cannot keep a key. Use another one, or the passphrase alone.',
  weak_passphrase: 'Too easy to guess. Add a few random words.',
  gone: 'The message, or a file in it, is no longer there.',
  not_found: 'Nobody was found with this code. Check both the name and the eight characters.',
  identity_changed:
    'This code is out of date: the person has a new key. Ask them for their new code.',
  key_mismatch:
    'The keys do not match. Nothing was changed. Someone may be in between: ask them outside this app.',
  key_outdated:
    'The key has changed since it was shown. Nothing was decided. Look again, and compare the number.',
  name_mismatch:
    'The server answered for another name. Nothing was changed. Someone may be in between: ask them outside this app.',
  key_known:
    'You know this key as somebody else’s. Nothing was changed. Remove that contact first if it is the same person.',
  request_in_the_way:
    'A message request in this name waits, written under another key. Delete that request, then add them again.',
  request_outdated:
    'This person has a new key since writing. Ask for their new code and enter it to add them.',
  blocked: 'You blocked this person.',
  offline: 'No connection to the server. Check your network and try again.',
  unavailable: 'The server cannot answer right now. Try again in a moment.',
  rate_limited: 'Too many tries. Go on at {time}.',
  rate_limited_in: 'Too many tries. Go on in {n} s.',
  rate_limited_soon: 'Too many tries. Wait a moment and try again.',
  bad_answer: 'The server gave an answer that makes no sense. Nothing was changed.',
  signed_out: 'This device is signed out. Log in again.',
  locked: 'The app is locked.',
  not_leading: 'Sealstream is open in another tab.',
  storage_failed: 'This browser could not store it. Nothing was changed.',
  storage_full: 'This device is out of space. Free some and try again.',
  cancelled: 'Cancelled. Nothing was changed.',
  file_too_large: 'This file is larger than the server takes.',
  files_full:
    'Too many of your files wait on the server. Some leave it every day: try again later.',
  file_broken: 'The server gave another file than the one that was sent. It was thrown away.',
  backup_wrong_password: 'That is not the passphrase of this backup. Nothing was changed.',
  backup_damaged: 'This file is damaged or not a backup. Nothing was changed.',
  backup_too_weak: 'This backup is protected too weakly to be safe. Nothing was changed.',
  backup_too_new: 'This backup was made by a newer version. Update first.',
  backup_other_account: 'This backup belongs to another account. Nothing was changed.',
  bad_link_code: 'This is not the code of a new device. It starts with sealstream:link.',
  link_elsewhere: 'The new device is at another server. Open the same one there.',
  link_expired: 'The time for this code is over. Show a new one.',
  link_broken:
    'Somebody else answered, or what came was changed on its way. Nothing was taken. Begin again.',
  wrong_digits: 'These are not the digits of the new device. Nothing was sent. Begin again.',
  internal: 'Something went wrong on our side. Your messages are safe.',
  username_format: 'Use 3 to 32 lower-case letters, digits or _.',
  password_length: 'Use 10 to 256 characters.',
  other_account:
    'Another account’s data is on this device. Sign in to that one, or erase this device first.',
} as const
