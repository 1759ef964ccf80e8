using Podvirt.Messaging.Nats;

namespace Podvirt.Messaging.Tests.Nats;

public sealed class SeenKeysTests
{
    private readonly SeenKeys _seen = new();

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
    public void BucketThatWasMadeAnew_IsToldThoughItCountsFromOne()
    {
        Compare(Put("a", 70));
        _seen.CatchUp();

        Assert.Equal(["a@1"], Compare(Put("a", 1)));
        Assert.Equal(["a@2"], News(Put("a", 2)));
    }

    private static BucketEntry Put(string key, long revision) => new(key, new byte[] { 1 }, revision, IsDeleted: false, default);

    private static BucketEntry Deleted(string key, long revision) => new(key, default, revision, IsDeleted: true, default);

    private List<string> News(params List<BucketEntry> changes) => [.. _seen.TakeNews(changes).Select(Show)];

    private List<string> Compare(params List<BucketEntry> listing) => [.. _seen.Compare(listing).Select(Show)];

    private static string Show(StateChange change) => change.Entry is { } entry ? $"{entry.Key}@{entry.Revision}" : $"{change.Key}-";
}
