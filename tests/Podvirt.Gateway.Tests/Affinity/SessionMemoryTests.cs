using Podvirt.Gateway.Affinity;

namespace Podvirt.Gateway.Tests.Affinity;

public sealed class SessionMemoryTests
{
    private readonly SessionMemory _memory = new();

    [Fact]
    public void Turns_AreNewThenHit_MovedOnlyWhenTheReplicaChanges()
    {
        Assert.Equal(AffinityOutcome.New, _memory.Note(7, 1));
        Assert.Equal(AffinityOutcome.Hit, _memory.Note(7, 1));
        Assert.Equal(AffinityOutcome.Moved, _memory.Note(7, 2));
        Assert.Equal(AffinityOutcome.Hit, _memory.Note(7, 2));
        Assert.Equal(AffinityOutcome.Moved, _memory.Note(7, 1));
        Assert.Equal(AffinityOutcome.Hit, _memory.Note(7, 1));
    }

    [Fact]
    public void TwentyThousandSessions_AreAllRemembered()
    {
        for (var session = 0; session < 20_000; session++)
        {
            Assert.Equal(AffinityOutcome.New, _memory.Note(Hash(session), (ulong)session));
        }
        var forgotten = 0;
        for (var session = 0; session < 20_000; session++)
        {
            var outcome = _memory.Note(Hash(session), (ulong)session);
            forgotten += outcome == AffinityOutcome.New ? 1 : 0;
            Assert.NotEqual(AffinityOutcome.Moved, outcome);
        }
        Assert.InRange(forgotten, 0, 100);
    }

    [Fact]
    public void SessionInUse_OutlivesAnyNumberOfOthers()
    {
        const ulong Set = 1 << 13;
        _memory.Note(5, 1);
        for (var other = 1UL; other < 1000; other++)
        {
            Assert.Equal(AffinityOutcome.New, _memory.Note(5 + (2 * other * Set), 9));
            Assert.Equal(AffinityOutcome.Hit, _memory.Note(5, 1));
        }

        // Eight others of its set after its last turn, and it is forgotten.
        for (var other = 2000UL; other < 2008; other++)
        {
            _memory.Note(5 + (2 * other * Set), 9);
        }
        Assert.Equal(AffinityOutcome.New, _memory.Note(5, 1));
    }

    [Fact]
    public async Task TurnsOfManySessionsAtOnce_NeverSeeOneAnothers()
    {
        await Task.WhenAll(Enumerable.Range(0, 4).Select(thread => Task.Run(() =>
        {
            // All in one set, which holds just these eight.
            for (var turn = 0; turn < 20_000; turn++)
            {
                var session = 5 + (((ulong)thread + (4 * ((ulong)turn % 2))) << 20);
                var outcome = _memory.Note(session, (ulong)thread);
                Assert.Equal(turn < 2 ? AffinityOutcome.New : AffinityOutcome.Hit, outcome);
            }
        })));
    }

    private static ulong Hash(int session) => SessionHash.OfHeader("p", $"session-{session}");
}
