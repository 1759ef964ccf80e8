using Podvirt.Messaging.Nats;

namespace Podvirt.Messaging.Tests.Nats;

public sealed class SeenKeysTests
{
    private readonly SeenKeys _seen = new();
    private long _age;

    [Fact]
    public void FirstListing_IsToldByKeyAndCaughtUpOnce()
    {
        Assert.Equal(["a@7", "b@3"], Compare(Put("a", 7), Put("b", 3)));
        Assert.True(_seen.CatchUp());
        Assert.False(_seen.CatchUp());
    }

    [Fact]
    public void ChangeThatTheListingHadAlready_IsNoNews()
    {
        Compare(Put("a", 7));

        Assert.Equal(["a@9", "b@10"], News(Put("a", 5), Put("a", 7), Put("a", 9), Put("b", 10)));
    }

    [Fact]
    public void DeletionFromBeforeTheListing_IsNoNews()
    {
        Compare(Put("again", 7));

        Assert.Empty(News(Deleted("again", 6), Deleted("never seen", 8)));
        Assert.Equal(["again-"], News(Deleted("again", 9)));
        Assert.Empty(News(Deleted("again", 10)));
    }

    [Fact]
    public void LaterListing_TellsWhatIsGoneAndWhatIsNewByRevision()
    {
        Compare(Put("kept", 1), Put("changed", 2), Put("gone", 3));
        _seen.CatchUp();

        Assert.Equal(["gone-", "new@8", "changed@9"], Compare(Put("changed", 9), Put("kept", 1), Put("new", 8)));
        Assert.Empty(Compare(Put("changed", 9), Put("kept", 1), Put("new", 8)));
    }

    [Fact]
    public void NewAge_TellsAllAnewWithHigherRevisions()
    {
        Compare(Put("a", 70), Put("gone", 71), Put("same", 1));
        _seen.CatchUp();

        _age = 1;
        Assert.Equal(["gone-", "same@1+1", "a@2+1"], Compare(Put("a", 2), Put("same", 1)));
        Assert.Equal(["a@3+1"], News(Put("a", 3)));
        Assert.True(BucketEnd.ToState(1, 1) > BucketEnd.ToState(0, 1_000_000_000_000));
    }

    [Fact]
    public void ChangeOfAnAgeThatIsOver_IsNoNews()
    {
        _age = 1;
        Compare(Put("a", 2));

        _age = 0;
        Assert.Empty(News(Put("a", 71), Put("b", 72), Deleted("a", 73)));
    }

    [Fact]
    public void ListingWithLowerRevision_ShowsThatTheEndWasLost()
    {
        Compare(Put("a", 70), Put("b", 71));

        Assert.Null(_seen.FindLost([Put("a", 72), Put("b", 71), Put("new", 3)], _age));
        Assert.Equal(69, _seen.FindLost([Put("a", 69), Put("b", 71)], _age));
        Assert.Null(_seen.FindLost([Put("a", 1)], age: 1));
    }

    [Fact]
    public void ListingWithAnotherWriteOfTheSameRevision_ShowsThatTheEndWasLost()
    {
        Compare(Put("a", 70));

        Assert.Null(_seen.FindLost([Put("a", 70) with { At = default(DateTimeOffset).AddTicks(1) }], _age));
        Assert.Equal(70, _seen.FindLost([Put("a", 70) with { At = default(DateTimeOffset).AddSeconds(1) }], _age));
    }

    private static BucketEntry Put(string key, long revision) => new(key, new byte[] { 1 }, revision, IsDeleted: false, default);

    private static BucketEntry Deleted(string key, long revision) => new(key, default, revision, IsDeleted: true, default);

    private List<string> News(params List<BucketEntry> changes) => [.. _seen.TakeNews(changes, _age).Select(Show)];

    private List<string> Compare(params List<BucketEntry> listing) => [.. _seen.Compare(listing, _age).Select(Show)];

    private static string Show(StateChange change) => change.Entry is { Revision: var revision }
        ? $"{change.Key}@{revision & ((1L << 44) - 1)}{(revision >> 44 is > 0 and var age ? $"+{age}" : "")}"
        : $"{change.Key}-";
}
