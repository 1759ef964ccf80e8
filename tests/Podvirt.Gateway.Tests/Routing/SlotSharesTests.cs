using Podvirt.Gateway.Routing;

namespace Podvirt.Gateway.Tests.Routing;

public sealed class SlotSharesTests
{
    private static readonly long s_turnMs = (long)SlotShares.Turn.TotalMilliseconds;

    [Fact]
    public void OneGateway_HasThemAll() => Assert.Equal([64], SlotShares.Divide(64, [Claim("a", wanted: 0)], 0));

    [Fact]
    public void NobodyWantsAny_EqualParts() => Assert.Equal([3, 3, 2], Divide(8, 0, 0, 0));

    [Fact]
    public void EnoughForAll_EachHasWhatItWants_AndThePartsOfTheRestAreEqual() => Assert.Equal([23, 3, 6], Divide(32, 20, 0, 3));

    [Fact]
    public void NotEnough_InProportion_AndNobodyWithout() => Assert.Equal([5, 2, 1], Divide(8, 1000, 2, 1));

    [Fact]
    public void FewerSlotsThanGateways_WhoHadATurnLongestAgoHasOne()
    {
        SlotClaim[] claims = [Claim("a", 1, held: 1, turnMs: 5000), Claim("b", 4, turnMs: 2000), Claim("c", 1, turnMs: 3000)];
        Assert.Equal([1, 0, 0], SlotShares.Divide(1, claims, 5000 + s_turnMs - 1));
        Assert.Equal([0, 1, 0], SlotShares.Divide(1, claims, 5000 + s_turnMs));
        Assert.Equal([0, 1, 1], SlotShares.Divide(2, claims, 5000 + s_turnMs));
        Assert.Equal([1, 1, 0], SlotShares.Divide(2, claims, 5000));

        // Turns that began in the same millisecond still end.
        Assert.Equal([0, 1], SlotShares.Divide(1, [Claim("a", 1, held: 1, turnMs: 5000), Claim("b", 1, turnMs: 5000)], 5000 + s_turnMs));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(20261127)]
    public void AnyClaims_AddUpToTheSlots_AndTheSameClaimsAreDividedTheSame(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 5000; round++)
        {
            var slots = random.Next(1, 70);
            var claims = Enumerable.Range(0, random.Next(1, 12))
                .Select(i => Claim($"g{i:00}", random.Next(3) == 0 ? 0 : random.Next(0, 3 * slots), random.Next(0, slots), random.Next(0, 5000)))
                .ToArray();
            var shares = SlotShares.Divide(slots, claims, 5000);
            Assert.Equal(slots, shares.Sum());
            Assert.All(shares, share => Assert.True(share >= 0));
            Assert.Equal(shares, SlotShares.Divide(slots, claims, 5000));
            var wanting = claims.Count(claim => claim.Wanted > 0);
            for (var i = 0; i < claims.Length; i++)
            {
                // Nobody goes without while there are enough for one each, nor gets more than it wants while others get less.
                Assert.True(wanting > slots || claims[i].Wanted == 0 || shares[i] > 0);
                Assert.True(claims.Sum(c => Math.Min(c.Wanted, slots)) <= slots || shares[i] <= Math.Min(claims[i].Wanted, slots));
            }
        }
    }

    private static int[] Divide(int slots, params int[] wanted) => SlotShares.Divide(slots, [.. wanted.Select((w, i) => Claim($"g{i}", w))], 0);

    private static SlotClaim Claim(string gateway, int wanted, int held = 0, long turnMs = 0) => new(gateway, held, wanted, turnMs);
}
