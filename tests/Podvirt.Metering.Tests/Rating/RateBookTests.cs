using Microsoft.Extensions.Logging.Abstractions;
using Podvirt.Core.Models;
using Podvirt.Core.Usage;
using Podvirt.Messaging;
using Podvirt.Messaging.Sqlite;
using Podvirt.Metering.Rating;

namespace Podvirt.Metering.Tests.Rating;

public sealed class RateBookTests : IDisposable
{
    private static readonly PriceSpec _cheap = new(0.05m, 0.01m, 0.20m);
    private static readonly PriceSpec _dear = new(1m, 0.5m, 2.000001m);

    private readonly TempDirectory _directory = new();
    private readonly SqliteStateStore _store;
    private readonly RateBook _book;

    public RateBookTests()
    {
        _store = SqliteStateStore.Open(_directory.File("state.db"), TimeProvider.System);
        _book = new RateBook(_store, TimeProvider.System, NullLogger<RateBook>.Instance);
    }

    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _book.Dispose();
        _store.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task FirstPrice_IsVersionOneInPicodollars()
    {
        var rate = await RateWriter.ApplyPriceAsync(_store, "qwen/qwen3-8b", _dear, Sample.Noon, Ended);

        Assert.Equal(new Rate("qwen/qwen3-8b", 1, Sample.Noon, 1_000_000, 500_000, 2_000_001), rate);
    }

    [Fact]
    public async Task SamePriceAgain_AddsNoVersion()
    {
        await RateWriter.ApplyPriceAsync(_store, "m", _cheap, Sample.Noon, Ended);
        var again = await RateWriter.ApplyPriceAsync(_store, "m", _cheap with { }, Sample.Noon.AddHours(1), Ended);

        Assert.Equal((1, Sample.Noon), (again!.Version, again.EffectiveFrom));
    }

    [Fact]
    public async Task EmbeddingsWithoutAPriceOfTheirOwn_CostWhatAPromptCosts()
    {
        var rate = await RateWriter.ApplyPriceAsync(_store, "e", new PriceSpec(0.02m), Sample.Noon, Ended);
        var own = await RateWriter.ApplyPriceAsync(_store, "e", new PriceSpec(0.02m, Embedding: 0.03m, VideoSecond: 0.1m), Sample.Noon.AddHours(1), Ended);

        Assert.Equal((1, 20_000L), (rate!.Version, rate.PicoOf(UsageKind.Embedding)));
        Assert.Equal((2, 30_000L, 100_000L), (own!.Version, own.PicoOf(UsageKind.Embedding), own.PicoOf(UsageKind.Video)));
    }

    [Fact]
    public async Task NoPriceEver_StoresNothing()
    {
        Assert.Null(await RateWriter.ApplyPriceAsync(_store, "m", null, Sample.Noon, Ended));
        Assert.Empty(await _store.ListAsync(Rate.StatePrefix, Ended));
    }

    [Fact]
    public async Task PriceTakenAway_IsAVersionThatCostsNothing()
    {
        await RateWriter.ApplyPriceAsync(_store, "m", _cheap, Sample.Noon, Ended);
        var free = await RateWriter.ApplyPriceAsync(_store, "m", null, Sample.Noon.AddHours(1), Ended);

        Assert.Equal((2, 0L, 0L, 0L), (free!.Version, free.PromptPico, free.CachedPico, free.CompletionPico));
    }

    [Fact]
    public async Task SevenDecimals_AreRefused() =>
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            async () => await RateWriter.ApplyPriceAsync(_store, "m", new PriceSpec(0.0000001m), Sample.Noon, Ended));

    [Fact]
    public async Task RateFor_TakesTheVersionOfTheMoment()
    {
        await RateWriter.ApplyPriceAsync(_store, "m", _cheap, Sample.Noon, Ended);
        await RateWriter.ApplyPriceAsync(_store, "m", _dear, Sample.Noon.AddHours(1), Ended);
        await _book.CaughtUpAsync(Ended);

        var microsecond = TimeSpan.FromMicroseconds(1);
        Assert.Equal(0, _book.RateFor("m", Sample.Noon - microsecond).Version);
        Assert.Equal(1, _book.RateFor("m", Sample.Noon).Version);
        Assert.Equal(1, _book.RateFor("m", Sample.Noon.AddHours(1) - microsecond).Version);
        Assert.Equal(2, _book.RateFor("m", Sample.Noon.AddHours(1)).Version);
        Assert.Equal(2, _book.RateFor("m", Sample.Noon.AddYears(1)).Version);
        Assert.Equal(Cost.Zero, _book.RateFor("unknown", Sample.Noon).CostOf(BilledAmounts.Of(new TokenCounts(1, 0, 1, 0))));
    }

    [Fact]
    public async Task ClockSetBack_LaterDecisionWins()
    {
        await RateWriter.ApplyPriceAsync(_store, "m", _cheap, Sample.Noon, Ended);
        await RateWriter.ApplyPriceAsync(_store, "m", _dear, Sample.Noon.AddMinutes(-30), Ended);
        await _book.CaughtUpAsync(Ended);

        Assert.Equal(2, _book.RateFor("m", Sample.Noon.AddMinutes(-10)).Version);
        Assert.Equal(2, _book.RateFor("m", Sample.Noon.AddMinutes(10)).Version);
    }

    [Fact]
    public async Task ConcurrentChanges_GetVersionsOfTheirOwn()
    {
        await Task.WhenAll(Enumerable.Range(1, 20).Select(i => Task.Run(async () =>
            await RateWriter.ApplyPriceAsync(_store, "m", new PriceSpec(i), Sample.Noon.AddSeconds(i), Ended))));

        var versions = (await _store.GetAsync(Rate.StatePrefix + "m", Ended))!.Read<IReadOnlyList<Rate>>();
        Assert.Equal(Enumerable.Range(1, 20), versions.Select(r => r.Version));
    }

    [Fact]
    public async Task Watch_BringsLaterVersions()
    {
        await _book.CaughtUpAsync(Ended);
        await RateWriter.ApplyPriceAsync(_store, "m", _cheap, Sample.Noon, Ended);

        await Eventually.TrueAsync(() => _book.RateFor("m", Sample.Noon).Version == 1);
    }

    [Fact]
    public async Task Refresh_DoesNotWaitForTheWatch()
    {
        await RateWriter.ApplyPriceAsync(_store, "m", _cheap, Sample.Noon, Ended);
        await _book.RefreshAsync(["m", "no such model", "none"], Ended);

        Assert.Equal(1, _book.RateFor("m", Sample.Noon).Version);
    }

    [Fact]
    public async Task UnreadableRates_KeepTheKnownOnesAndStopRating()
    {
        await RateWriter.ApplyPriceAsync(_store, "m", _cheap, Sample.Noon, Ended);
        await _book.CaughtUpAsync(Ended);
        await _store.PutAsync(Rate.StatePrefix + "m", "not json"u8.ToArray(), Ended);
        await RateWriter.ApplyPriceAsync(_store, "n", _cheap, Sample.Noon, Ended);
        await Eventually.TrueAsync(() => _book.RateFor("n", Sample.Noon).Version == 1);

        Assert.Equal(1, _book.RateFor("m", Sample.Noon).Version);
        await Assert.ThrowsAsync<System.Text.Json.JsonException>(async () => await _book.RefreshAsync(["m"], Ended));
    }
}
