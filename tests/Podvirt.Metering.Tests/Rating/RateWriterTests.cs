using Podvirt.Core.Models;
using Podvirt.Core.Usage;
using Podvirt.Messaging;
using Podvirt.Messaging.Sqlite;
using Podvirt.Metering.Rating;

namespace Podvirt.Metering.Tests.Rating;

public sealed class RateWriterTests : IDisposable
{
    private static readonly PriceSpec _cheap = new(0.05m, 0.01m, 0.20m);
    private static readonly PriceSpec _dear = new(1m, 0.5m, 2m);

    private readonly TempDirectory _directory = new();
    private readonly SqliteStateStore _store;

    public RateWriterTests() => _store = SqliteStateStore.Open(_directory.File("state.db"), TimeProvider.System);

    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _store.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task FileThatSaysNothingNew_LeavesARateAloneThatWasSetSince()
    {
        await ApplyAsync(_cheap, 0);
        var set = await SetAsync(_dear, 1);
        var again = await ApplyAsync(_cheap, 2);

        Assert.Equal((2, "ann"), (set.Version, set.SetBy));
        Assert.Equal(set, again);
        Assert.Equal(2, (await TimelineAsync()).At(Sample.Noon.AddHours(3)).Version);
    }

    [Fact]
    public async Task FileWithANewPrice_ReplacesARateThatWasSet()
    {
        await ApplyAsync(_cheap, 0);
        await SetAsync(_dear, 1);
        var changed = await ApplyAsync(_cheap with { Prompt = 0.06m }, 2);
        var taken = await ApplyAsync(null, 3);

        Assert.Equal((3, 60_000L, null), (changed!.Version, changed.PromptPico, changed.SetBy));
        Assert.Equal((4, 0L), (taken!.Version, taken.PromptPico));
    }

    [Fact]
    public async Task FileThatNeverHadAPrice_LeavesARateAloneThatWasSet()
    {
        await SetAsync(_dear, 0);

        Assert.Equal(1, (await ApplyAsync(null, 1))!.Version);
        Assert.Single((await TimelineAsync()).Versions);
    }

    [Fact]
    public async Task LaterMoment_WaitsForIt()
    {
        await ApplyAsync(_cheap, 0);
        var later = await RateWriter.SetAsync(_store, "m", _dear, Sample.Noon.AddDays(1), "ann", Sample.Noon.AddHours(1), Ended);
        var timeline = await TimelineAsync();

        Assert.Equal((2, Sample.Noon.AddDays(1), Sample.Noon.AddHours(1)), (later.Version, later.EffectiveFrom, later.DecidedAt!.Value));
        Assert.Equal(1, timeline.At(Sample.Noon.AddDays(1).AddMicroseconds(-1)).Version);
        Assert.Equal(2, timeline.At(Sample.Noon.AddDays(1)).Version);
    }

    [Fact]
    public async Task SameAgain_AddsNoVersion()
    {
        var now = await SetAsync(_dear, 0);
        var later = await RateWriter.SetAsync(_store, "m", _cheap, Sample.Noon.AddDays(1), "ann", Sample.Noon, Ended);

        Assert.Equal(now, await SetAsync(_dear, 1));
        Assert.Equal(later, await RateWriter.SetAsync(_store, "m", _cheap, Sample.Noon.AddDays(1), "ben", Sample.Noon.AddHours(2), Ended));
        Assert.Equal(2, (await TimelineAsync()).Versions.Count);
    }

    [Fact]
    public async Task MomentThatHasPassed_IsRefused() =>
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            "from", async () => await RateWriter.SetAsync(_store, "m", _dear, Sample.Noon.AddMicroseconds(-1), "ann", Sample.Noon, Ended));

    private ValueTask<Rate?> ApplyAsync(PriceSpec? price, int hours) => RateWriter.ApplyPriceAsync(_store, "m", price, Sample.Noon.AddHours(hours), Ended);

    private ValueTask<Rate> SetAsync(PriceSpec price, int hours) => RateWriter.SetAsync(_store, "m", price, null, "ann", Sample.Noon.AddHours(hours), Ended);

    private async Task<RateTimeline> TimelineAsync() =>
        new("m", (await _store.GetAsync(Rate.StatePrefix + "m", Ended))!.Read<IReadOnlyList<Rate>>());
}
