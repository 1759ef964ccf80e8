using Podvirt.Core.Usage;
using Podvirt.Metering.Invoices;
using Podvirt.Metering.Ledger;

namespace Podvirt.Metering.Tests.Invoices;

/// <summary>Cold starts on every ledger.</summary>
public abstract class ColdStartTimesContract : IAsyncDisposable
{
    private static readonly DateTimeOffset s_from = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset s_to = new(2026, 2, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly LedgerRooms _rooms;

    private protected ColdStartTimesContract(LedgerRooms rooms) => _rooms = rooms;

    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _rooms.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task WarmingTime_IsSharedOutByRequestsThatWaited()
    {
        await WaitedAsync(("p", "m", 2), ("q", "m", 1), ("q", "n", 1));
        await HeldAsync("m", GpuUse.Warming, gpus: 2, microseconds: 500_000);
        await HeldAsync("m", GpuUse.Active, gpus: 2, microseconds: 9_000_000);
        await HeldAsync("nobody", GpuUse.Warming, gpus: 1, microseconds: 1_000_000);

        // 666,666.6 and 333,333.3 of a million: none is lost.
        Assert.Equal(
            [new ColdStartTime("p", "m", 666_666), new ColdStartTime("q", "m", 333_334)],
            await _rooms.ColdStarts.GpuSecondsAsync(s_from, s_to, project: null, Ended));
        Assert.Equal([new ColdStartTime("q", "m", 333_334)], await _rooms.ColdStarts.GpuSecondsAsync(s_from, s_to, "q", Ended));
    }

    [Fact]
    public async Task OtherMonths_AreNotCounted()
    {
        await WaitedAsync(("p", "m", 1));
        await HeldAsync("m", GpuUse.Warming, gpus: 1, microseconds: 1_000_000);

        Assert.Empty(await _rooms.ColdStarts.GpuSecondsAsync(s_to, s_to.AddMonths(1), project: null, Ended));
    }

    private async Task WaitedAsync(params (string Project, string Model, int Requests)[] projects)
    {
        var records = projects.SelectMany(p => Enumerable.Range(0, p.Requests).Select(_ => (p.Project, p.Model)))
            .Select((p, n) => Sample.Record(n, p.Model) with { Project = p.Project, ColdStart = true })
            // Who did not wait has no part in it.
            .Append(Sample.Record(1_000, "m") with { Project = "other", ColdStart = false });
        await _rooms.Ledger.AppendAsync([.. records.Select(r => new RatedRecord(r, 0, Cost.Zero))], Ended);
    }

    private async Task HeldAsync(string model, GpuUse use, int gpus, long microseconds) => await _rooms.Ledger.AppendGpuTimeAsync(
        [new GpuInterval(model, 1, $"r-{model}-{use}", use, gpus, Sample.Noon, Sample.Noon.AddMicroseconds(microseconds))], Ended);
}
