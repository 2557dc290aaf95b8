/** Changes for how long the messages of a conversation stay; fetched when somebody does. */
import { aboutOf } from '@/messenger/contents/about'
import type { TimerBody } from '@/messenger/contents/timer/timer'
import { LONGEST_TIMER, MessengerError, SHORTEST_TIMER } from '@/messenger/contract'
import type { ChatCommands } from '@/messenger/contract'
import { TurnChanges } from '@/messenger/core/serial'
import { mayWriteTo } from '@/messenger/people/people'
import type { Services } from '@/messenger/session/services'

const isOffered = (seconds: number): boolean =>
  Number.isInteger(seconds) && seconds >= SHORTEST_TIMER && seconds <= LONGEST_TIMER

export function timerCommands(services: () => Services): Pick<ChatCommands, 'setTimer'> {
  return {
    async setTimer(id, seconds, fallback) {
      if (seconds !== 0 && !isOffered(seconds)) throw new MessengerError('invalid')
      const { core, people, chats, timers, deadlines, outbox, sync } = services()
      await core.serial.run(async (turn) => {
        const person = people.inConversation(id)
        if (!person) throw new MessengerError('not_found', 'no such contact')
        if (!mayWriteTo(person)) throw new MessengerError('blocked')
        if (timers.seconds(id) === seconds) return
        const changes = new TurnChanges(turn)
        const { userId: by, deviceId: device } = core.account
        const isNote = person.userId === by
        const contentId = crypto.randomUUID()
        const body: TimerBody = { type: 'timer', seconds, fallback }
        if (isNote && sync.alone) {
          timers.stageSettled(changes, id, { seconds, at: deadlines.now(), by, device })
        } else {
          timers.stageWaiting(changes, id, { contentId, seconds })
          outbox.stage(changes, {
            to: person.userId,
            contentId,
            body: isNote ? { ...body, for: aboutOf(person) } : body,
            sentAt: core.now(),
            message: null,
          })
        }
        chats.stageNotice(changes, id, { type: 'timer', seconds, mine: true })
        await core.store.commit(changes)
      })
    },
  }
}
