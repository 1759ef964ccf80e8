using System.Globalization;
using Podvirt.Core.Messages;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Parking;

/// <summary>What one who waits is told and when, on a fake clock.</summary>
public sealed class ParkingLotTests
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(20);

    [Fact]
    public async Task Stream_HearsNothingInTheGrace_ThenACommentEverySecond()
    {
        using var lot = new Lot(WarmingUp("weights", leftSeconds: 60));
        var call = lot.Call();
        lot.Time.Advance(TimeSpan.FromMilliseconds(499));
        Assert.False(call.Reply.HasBegun);
        Assert.Equal("", call.Text);
        for (var comments = 1; comments <= 5; comments++)
        {
            lot.Time.Advance(comments == 1 ? s_tick : s_second + s_tick);
            await call.CommentsAsync(comments);
            await Eventually.TrueAsync(() => lot.Clock.Count == 1, "the next comment is set");
            Assert.Equal(comments, call.Comments.Length);
        }
        Assert.Equal(200, call.Http.Response.StatusCode);
        Assert.All(call.Comments, comment => Assert.Matches("^: warming-up eta_ms=[0-9]+ phase=weights$", comment));
        var etas = call.Comments.Select(EtaOf).ToArray();
        Assert.Equal(etas.OrderDescending(), etas);
        Assert.InRange(etas[0] - etas[4], 4000, 4200);

        lot.Dispatcher.Update(Lot.Active(replicas: 1, slots: 1));
        Assert.NotNull((await call.Result.Within()).Lease);
        Assert.Equal(0, lot.Clock.Count);
        Assert.Equal(5, call.Comments.Length);
        Assert.True(call.Exchange.ColdStart);
    }

    [Fact]
    public async Task StartIsLate_EtaNeverFallsBelowWhatComesAfterThePhase_AndIsLeftOutInTheLast()
    {
        using var lot = new Lot(WarmingUp("weights", leftSeconds: 3, laterMs: 2000));
        var call = lot.Call();
        for (var comments = 1; comments <= 4; comments++)
        {
            lot.Time.Advance(s_second + s_tick);
            await call.CommentsAsync(comments);
            await Eventually.TrueAsync(() => lot.Clock.Count == 1, "the next comment is set");
        }
        Assert.Equal([2000, 2000, 2000], call.Comments[1..].Select(EtaOf));

        lot.Dispatcher.Update(WarmingUp("canary", leftSeconds: -1));
        lot.Time.Advance(s_second + s_tick);
        await call.CommentsAsync(5);
        Assert.Equal(": warming-up phase=canary", call.Comments[4]);
    }

    [Fact]
    public async Task ModelWithoutHistory_SaysThePhaseOnly()
    {
        using var lot = new Lot();
        var call = lot.Call();
        lot.Time.Advance(s_second);
        await call.CommentsAsync(1);
        Assert.Equal(": warming-up phase=starting", call.Comments[0]);
    }

    [Fact]
    public async Task GrantedWithinTheGrace_StatusIsStillOpen()
    {
        using var lot = new Lot();
        var call = lot.Call();
        lot.Time.Advance(TimeSpan.FromMilliseconds(400));
        lot.Dispatcher.Update(Lot.Active(replicas: 1, slots: 1));
        Assert.NotNull((await call.Result.Within()).Lease);
        Assert.False(call.Reply.HasBegun);
        Assert.Equal(TimeSpan.FromMilliseconds(400), call.Exchange.Parked);
    }

    [Fact]
    public async Task Plain_HearsNothingWhileItWaits()
    {
        using var lot = new Lot(WarmingUp("weights", leftSeconds: 60));
        var call = lot.Call(stream: false);
        lot.Time.Advance(TimeSpan.FromMinutes(9));
        Assert.False(call.Result.IsCompleted);
        Assert.False(call.Reply.HasBegun);
        lot.Dispatcher.Update(Lot.Active(replicas: 1, slots: 1));
        Assert.NotNull((await call.Result.Within()).Lease);
        Assert.Equal("", call.Text);
    }

    [Theory]
    [InlineData(3.0, 3.0)]
    [InlineData(0.25, 0.25)]
    [InlineData(null, 600.0)]
    [InlineData(1e9, 600.0)]
    public async Task TimeIsUp_IsToldSo_AtTheClientsLimitOrTheGateways(double? maxWait, double seconds)
    {
        using var lot = new Lot(Routes.Cold("m", expectedWaitMs: 42_000));
        var call = lot.Call(stream: false, maxWait: maxWait is { } max ? TimeSpan.FromSeconds(max) : null);
        lot.Time.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromMilliseconds(1));
        Assert.False(call.Result.IsCompleted);
        Assert.Equal(1, lot.Dispatcher.GetParking().Waiting);
        lot.Time.Advance(s_tick * 2);
        var error = (await call.Result.Within()).Error!;
        Assert.Equal((503, "model_warming_timeout", TimeSpan.FromSeconds(42), TimeSpan.FromSeconds(42)), (error.Status, error.Code, error.RetryAfter, error.Eta));
        Assert.Contains("about 42 s", error.Message, StringComparison.Ordinal);
        var parking = lot.Dispatcher.GetParking();
        Assert.Equal((0, 0L, 1L), (parking.Waiting, parking.Bytes, parking.Counts.TimedOut));
        Assert.Equal(0, lot.Clock.Count);
    }

    [Fact]
    public async Task ClientLeaves_ItsPlaceIsFreeAtOnce()
    {
        using var lot = new Lot();
        var call = lot.Call(bytes: 100_000);
        var other = lot.Call(bytes: 100);

        // What bodies hold, not what they are: they are rented in powers of two.
        Assert.Equal((2, 131_072L + 128), (lot.Dispatcher.GetParking().Waiting, lot.Dispatcher.GetParking().Bytes));
        call.Leave();
        Assert.True((await call.Result.Within()).ClientGone);
        Assert.Equal((1, 128L), (lot.Dispatcher.GetParking().Waiting, lot.Dispatcher.GetParking().Bytes));
        Assert.Equal(1, lot.Clock.Count);
        Assert.False(other.Result.IsCompleted);
    }

    // Between what woke the flow and what it does about it.
    [Fact]
    public async Task LeaseIsGrantedAtTheMomentItsClientLeaves_ItGoesBack()
    {
        using var lot = new Lot();
        var call = lot.Call();
        lot.ParkingTime.OnNextLook(() => lot.Dispatcher.Update(Lot.Active(replicas: 1, slots: 1)));
        call.Leave();
        Assert.True((await call.Result.Within()).ClientGone);
        var parking = lot.Dispatcher.GetParking();
        Assert.Equal((1L, 0L, 0, 0L), (parking.Counts.Granted, parking.Counts.Left, parking.Waiting, parking.Bytes));
        Assert.Equal((0, 0), (lot.Dispatcher.InFlight, lot.Clock.Count));
        using var next = lot.Dispatcher.TryLease(1, []);
        Assert.NotNull(next);
    }

    [Fact]
    public async Task LeaseIsGrantedAtTheMomentTheTimeIsUp_ItIsUsed()
    {
        using var lot = new Lot();
        var call = lot.Call(stream: false, maxWait: s_second);
        lot.ParkingTime.OnNextLook(() => lot.Dispatcher.Update(Lot.Active(replicas: 1, slots: 1)));
        lot.Time.Advance(s_second + s_tick);
        using var lease = (await call.Result.Within()).Lease;
        Assert.NotNull(lease);
        var parking = lot.Dispatcher.GetParking();
        Assert.Equal((1L, 0L, 0), (parking.Counts.Granted, parking.Counts.TimedOut, parking.Waiting));
        Assert.Equal((1, 0), (lot.Dispatcher.InFlight, lot.Clock.Count));
    }

    [Fact]
    public async Task ClientThatHadLeftAlready_IsParkedForNoTime()
    {
        using var lot = new Lot(Lot.Active(replicas: 1, slots: 1));
        using var lease = lot.Dispatcher.TryLease(1, []);
        var call = lot.Call();
        call.Leave();
        Assert.True((await call.Result.Within()).ClientGone);
        Assert.Equal(1, lot.Dispatcher.GetParking().Counts.Left);
    }

    [Fact]
    public async Task AllSlotsTaken_EtaIsThePlaceInLineAtThePaceOfTheModel()
    {
        using var lot = new Lot(Lot.Active(replicas: 1, slots: 1) with { ExpectedWaitMs = 1234 });
        lot.Dispatcher.Update(lot.Dispatcher.Route);
        var lease = lot.Dispatcher.TryLease(1, [])!;
        var calls = Enumerable.Range(0, 20).Select(_ => lot.Call()).ToArray();
        lot.Time.Advance(s_second);
        await Task.WhenAll(calls.Select(call => call.CommentsAsync(1)));
        Assert.All(calls, call => Assert.Equal(": queued", call.Comments[0]));

        // Nothing was measured before; now a slot comes free every two seconds.
        for (var served = 0; served < 6; served++)
        {
            lot.Time.Advance(TimeSpan.FromSeconds(2));
            lease.Dispose();
            lease = (await calls[served].Result.Within()).Lease!;
            await Eventually.TrueAsync(() => lot.Clock.Count == calls.Length - served - 1, "all others wait again");
        }
        lot.Time.Advance(s_second + s_tick);
        await Eventually.TrueAsync(() => lot.Clock.Count == calls.Length - 6, "all others wait again");
        Assert.InRange(EtaOf(calls[6].Comments[^1]), 1500, 3000);
        Assert.InRange(EtaOf(calls[19].Comments[^1]), 14 * 1500, 14 * 3000);
        lease.Dispose();
    }

    [Fact]
    public async Task ModelWarms_MaxWaitZeroIsToldWhenToComeAgain_AtMostAMinute()
    {
        using var lot = new Lot(WarmingUp("compile", leftSeconds: 240));
        var error = (await lot.Call(maxWait: TimeSpan.Zero).Result.Within()).Error!;
        Assert.Equal((503, TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(240)), (error.Status, error.RetryAfter, error.Eta));
        lot.Dispatcher.Update(WarmingUp("canary", leftSeconds: 0.2));
        error = (await lot.Call(maxWait: TimeSpan.Zero).Result.Within()).Error!;
        Assert.Equal((TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(0.2)), (error.RetryAfter, error.Eta));
        Assert.Equal(0, lot.Dispatcher.GetParking().Counts.Came);
    }

    [Fact]
    public async Task MaxWaitZero_CountsAsDemandUntilTheModelServes()
    {
        using var lot = new Lot();
        await lot.Call(maxWait: TimeSpan.Zero).Result.Within();
        Assert.Equal(1, lot.DemandChanges);
        lot.Time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(new ModelDemand("m", Waiting: 1, OldestMs: 0, InFlight: 0), lot.Dispatcher.GetDemand([]));
        lot.Dispatcher.Update(Lot.Active(replicas: 1, slots: 1));
        Assert.Equal(0, lot.Dispatcher.GetDemand([]).Waiting);

        // It has been served, so it does not come back with the next sleep.
        lot.Dispatcher.Update(Routes.Cold("m"));
        Assert.Equal(0, lot.Dispatcher.GetDemand([]).Waiting);

        await lot.Call(maxWait: TimeSpan.Zero).Result.Within();
        lot.Time.Advance(lot.Options.ParkedTimeMax);
        Assert.Equal(0, lot.Dispatcher.GetDemand([]).Waiting);
    }

    [Fact]
    public async Task MaxWaitZero_OnAModelThatFailed_IsToldTheReason()
    {
        using var lot = new Lot();
        lot.Dispatcher.Update(Routes.Failed("m", "model_unschedulable", "No gpu has 80 GiB.", retryAt: null));
        var error = (await lot.Call(maxWait: TimeSpan.Zero).Result.Within()).Error!;
        Assert.Equal("model_unschedulable", error.Code);
        Assert.Equal(0, lot.Dispatcher.GetDemand([]).Waiting);
    }

    [Fact]
    public async Task MaxWaitZero_OnASlotThatIsFree_IsServed()
    {
        using var lot = new Lot();
        lot.Dispatcher.Update(Lot.Active(replicas: 1, slots: 1));
        Assert.NotNull((await lot.Call(maxWait: TimeSpan.Zero).Result.Within()).Lease);
    }

    private static ModelRoute WarmingUp(string phase, double leftSeconds, long laterMs = 0) =>
        Routes.Cold("m", new WarmUp(phase, Lot.Start, Lot.Start.AddSeconds(leftSeconds), laterMs));

    private static long EtaOf(string comment) =>
        long.Parse(comment.Split("eta_ms=")[1].Split(' ')[0], CultureInfo.InvariantCulture);
}
