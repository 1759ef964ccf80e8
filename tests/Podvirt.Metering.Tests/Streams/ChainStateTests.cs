using CsCheck;
using Podvirt.Messaging;
using Podvirt.Metering.Streams;

namespace Podvirt.Metering.Tests.Streams;

public sealed class ChainStateTests
{
    private static readonly StreamFacts s_facts = new("i", 1, 0, 0, 0);

    [Fact]
    public void AnyChanges_HandOutEveryPlaceOnce_AndDoneBeforeSparesWhatIsOpen()
    {
        Gen.Select(Gen.Int[0, 3], Gen.Int[0, 3], Gen.Int[1, 9]).Array[0, 60].Sample(changes =>
        {
            var state = ChainState.Begin(s_facts);
            var last = 0L;
            var owners = new Dictionary<long, int>();
            var done = new HashSet<long>();
            foreach (var (change, worker, count) in changes)
            {
                last += change == 0 ? count : 0;
                var own = state.ClaimOf($"{worker}");
                if (own is null && state.Extend($"{worker}", last, count) is { } extended)
                {
                    state = extended;
                    var claim = state.ClaimOf($"{worker}")!;
                    for (var place = claim.First; place <= claim.Last; place++)
                    {
                        owners[place] = owners.GetValueOrDefault(place) + 1;
                    }
                }
                else if (own is not null && change == 1)
                {
                    var seal = new ClaimSeal(1, "d", "");
                    state = state.Seal(own.First, $"{worker}", seal, own.Last, own.Last * 10)!;
                    state = state.Done(own.First, own.Last, seal)!;
                    done.UnionWith(Enumerable.Range((int)own.First, (int)(own.Last - own.First + 1)).Select(p => (long)p));
                }
                else if (own is not null && change == 2 && state.ClaimOf("thief") is null)
                {
                    state = state.Adopt(own, "thief")!;
                    Assert.Null(state.Seal(own.First, $"{worker}", new ClaimSeal(1, "d", ""), own.Last, 1));
                }
                Assert.All(owners.Values, times => Assert.Equal(1, times));
                Assert.Equal(state.Next - 1, owners.Count);
                Assert.True(state.DoneBefore <= state.Next && state.Open.All(c => state.DoneBefore <= c.First));
                Assert.All(Enumerable.Range(1, (int)Math.Max(0, state.DoneBefore - 1)), place => Assert.Contains(place, done));
                Assert.Equal(last - done.Count, state.Backlog(last));
            }
        });
    }

    [Fact]
    public void Done_IsNoOtherClaimThatBeginsThere()
    {
        var seal = new ClaimSeal(3, "d", "");
        var state = ChainState.Begin(s_facts).Extend("a/1", 3, 10)!.Seal(1, "a/1", seal, 3, 30)!;

        Assert.Null(state.Done(1, 2, seal));
        Assert.Null(state.Done(1, 3, new ClaimSeal(3, "e", "")));
        Assert.Null(ChainState.Begin(s_facts).Extend("a/1", 3, 10)!.Done(1, 3, seal));
        Assert.Empty(state.Done(1, 3, seal)!.Open);
    }

    [Fact]
    public void State_ComesBackFromTheStore()
    {
        var state = new ChainState("i", 11, 5, 123, [new StreamClaim(6, 8, "a/1", new ClaimSeal(3, "d", "0+3 0+1")), new StreamClaim(9, 10, "b/2", null)]);

        var read = new StateEntry("k", StateJson.ToBytes(state), 1).Read<ChainState>();

        Assert.Equal(state.Open, read.Open);
        Assert.Equal((state.Incarnation, state.Next, state.TailSequence, state.TailNs), (read.Incarnation, read.Next, read.TailSequence, read.TailNs));
    }
}
