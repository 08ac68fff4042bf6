import HTTPInterface
import Testing

@Suite("What a feed of events does next")
struct EventFeedStateTests {
    private enum Step {
        case grew, resume, noMore, noRoom, end
    }

    /// What each step is answered, from the beginning of a feed on; an end is answered nothing.
    private func answers(_ steps: Step...) -> [Bool] {
        var feed = EventFeedState()
        return steps.compactMap { step in
            switch step {
            case .grew: return feed.grew()
            case .resume: return feed.resume()
            case .noMore: return feed.stop(.noMore)
            case .noRoom: return feed.stop(.noRoom)
            case .end:
                feed.end()
                return nil
            }
        }
    }

    @Test("a feed that has sent everything rests until the journal grows")
    func rests() {
        #expect(answers(.noMore, .resume, .grew) == [false, false, true])
        // One run is enough; what has grown meanwhile it looks for once more.
        #expect(answers(.noMore, .grew, .grew, .grew, .noMore, .noMore) == [false, true, false, false, true, false])
        #expect(answers(.grew, .noMore, .noMore, .grew) == [false, true, false, true])
    }

    @Test("a feed without room waits for it, however the journal grows")
    func blocks() {
        #expect(answers(.noRoom, .grew, .grew, .resume, .resume) == [false, false, false, true, false])
        // There was room again before it had said that there was none.
        #expect(answers(.resume, .noRoom, .noRoom, .grew, .resume) == [false, true, false, false, true])
    }

    @Test("an ended feed does nothing any more")
    func ended() {
        #expect(answers(.end, .noMore, .noRoom, .grew, .resume) == [false, false, false, false])
        #expect(answers(.grew, .resume, .end, .noMore, .grew) == [false, false, false, false])
        #expect(answers(.noRoom, .end, .resume, .grew) == [false, false, false])
    }

    /// A journal, a connection and a run of the feed, whose steps are taken in any order.
    private struct World {
        var feed = EventFeedState()
        var head = 0
        var sent = 0
        /// Of the connection; it drains when the test says so.
        var waiting = 0
        var isRoomWanted = false
        /// Runs that are begun and not over: never more than one.
        var runs = 1
        /// What the run has just seen and not yet told.
        var stop: EventFeedState.Stop?

        mutating func grow() {
            head += 1
            if feed.grew() { runs += 1 }
        }

        mutating func drain() {
            waiting = 0
            guard isRoomWanted else { return }
            isRoomWanted = false
            if feed.resume() { runs += 1 }
        }

        /// One step of the run: to look, or to tell what it saw.
        mutating func step() {
            guard runs > 0 else { return }
            if let stop {
                self.stop = nil
                if !feed.stop(stop) { runs -= 1 }
            } else if waiting >= 3 {
                isRoomWanted = true
                stop = .noRoom
            } else if sent == head {
                stop = .noMore
            } else {
                sent += 1
                waiting += 1
            }
        }
    }

    @Test("in whatever order things happen, everything is sent in the end, by one run at a time", arguments: 1...200)
    func everyOrder(seed: Int) {
        var numbers = SeededNumbers(seed: UInt64(seed))
        var world = World()
        for _ in 0..<500 {
            switch Int.random(in: 0..<6, using: &numbers) {
            case 0: world.grow()
            case 1: world.drain()
            default: world.step()
            }
            #expect((0...1).contains(world.runs), "seed \(seed)")
        }
        for _ in 0..<2_000 {
            world.step()
            if world.runs == 0 { world.drain() }
        }
        #expect(world.sent == world.head, "seed \(seed)")
        #expect(world.runs == 0, "seed \(seed)")
    }
}
