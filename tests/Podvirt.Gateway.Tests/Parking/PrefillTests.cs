using System.Globalization;
using System.Net;
using System.Threading.Tasks.Sources;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Parking;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Parking;

/// <summary>A streaming client between its lease and the engine's first byte, on a fake clock.</summary>
public sealed class PrefillTests
{
    private readonly FakeTimeProvider _time = new(Lot.Start);
    private readonly TaskCompletionSource _go = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly string _events = new SampleReply(true, true, false, false).Events;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task EngineIsSilent_ClientGetsItsStatusAfterTheGraceAndACommentEverySecond(bool headFirst)
    {
        await using var engine = new FakeEngine(call => AnswerAsync(call, headFirst));
        await using var host = await HostAsync();
        await host.PublishAsync(Routes.Active("m", [engine]));
        var request = host.StreamAsync();
        await CommentIsSetAsync(host, engine);
        await PassAsync(host, TimeSpan.FromMilliseconds(480));
        Assert.False(request.IsCompleted);

        _time.Advance(TimeSpan.FromMilliseconds(40));
        var response = await request.Within();
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("m-0", response.Headers.GetValues("x-podvirt-replica").Single());
        Assert.Equal("new", response.Headers.GetValues("x-podvirt-affinity").Single());
        var stream = await response.Content.ReadAsStreamAsync();
        var text = await stream.ReadUntilAsync("\n\n");
        for (var i = 0; i < 3; i++)
        {
            await CommentIsSetAsync(host, engine);
            _time.Advance(TimeSpan.FromSeconds(1.02));
            text += await stream.ReadUntilAsync("\n\n");
        }
        _go.SetResult();
        text += await new StreamReader(stream).ReadToEndAsync().Within();
        Assert.Equal(string.Concat(Enumerable.Repeat(": prefill\n\n", 4)) + _events, text);
        var record = await host.Outbox.SingleAsync();
        Assert.Equal((UsageOutcome.Completed, 200), (record.Outcome, record.Status));
        Assert.InRange(record.FirstTokenUs!.Value, 3_400_000, 3_700_000);
    }

    [Fact]
    public async Task PromptsOfThisSizeWereMeasured_CommentsSayWhatIsLeft_UntilItIsLate()
    {
        await using var engine = new FakeEngine(call => call.Number <= 3 ? call.AnswerAsync() : AnswerAsync(call));
        await using var host = await HostAsync();
        await host.PublishAsync(Routes.Active("m", [engine]));
        var dispatcher = host.Dispatcher();
        for (var i = 0; i < 3; i++)
        {
            dispatcher.Prefills.Note(Calls.StreamBody.Length, TimeSpan.FromSeconds(4));
            await host.StreamAsync().TextAsync();
        }
        var request = host.StreamAsync();
        await CommentIsSetAsync(host, engine, call: 4);
        _time.Advance(TimeSpan.FromMilliseconds(520));
        var stream = await (await request.Within()).Content.ReadAsStreamAsync();
        var comments = new List<string> { await stream.ReadUntilAsync("\n\n") };
        for (var i = 0; i < 5; i++)
        {
            await CommentIsSetAsync(host, engine, call: 4);
            _time.Advance(TimeSpan.FromSeconds(1.02));
            comments.Add(await stream.ReadUntilAsync("\n\n"));
        }
        _go.SetResult();
        await new StreamReader(stream).ReadToEndAsync().Within();

        // The median of four seconds and nothing, three times each.
        Assert.All(comments[..4], comment => Assert.StartsWith(": prefill eta_ms=", comment, StringComparison.Ordinal));
        var etas = comments[..4].Select(comment => long.Parse(comment.Split('=')[1], CultureInfo.InvariantCulture)).ToArray();
        Assert.InRange(etas[0], 3400, 3500);
        Assert.Equal(etas.OrderDescending(), etas);
        Assert.Equal([": prefill\n\n", ": prefill\n\n"], comments[4..]);
        Assert.Null(dispatcher.Prefills.Expected(100_000));
    }

    [Fact]
    public async Task EngineRefusesWithinTheGrace_ClientGetsTheRealStatus()
    {
        await using var engine = new FakeEngine(Refuse);
        await using var host = await HostAsync();
        await host.PublishAsync(Routes.Active("m", [engine]));
        var request = host.StreamAsync();
        await CommentIsSetAsync(host, engine);
        await PassAsync(host, TimeSpan.FromMilliseconds(480));
        _go.SetResult();
        await request.ErrorAsync(HttpStatusCode.BadRequest, code: null);
    }

    [Fact]
    public async Task EngineRefusesAfterTheGrace_ClientIsToldInBand()
    {
        await using var engine = new FakeEngine(Refuse);
        await using var host = await HostAsync();
        await host.PublishAsync(Routes.Active("m", [engine]));
        var request = host.StreamAsync();
        await CommentIsSetAsync(host, engine);
        _time.Advance(TimeSpan.FromMilliseconds(520));
        var response = await request.Within();
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        _go.SetResult();
        var text = await response.TextAsync();
        Assert.StartsWith(": prefill\n\n", text, StringComparison.Ordinal);
        Calls.InBandError(text, code: null);
        var record = await host.Outbox.SingleAsync();
        Assert.Equal((UsageOutcome.Failed, 200), (record.Outcome, record.Status));
    }

    [Fact]
    public async Task EngineDiesBeforeItsFirstByte_AnotherServesTheSameStream_AndACommentNamesIt()
    {
        await using var dying = new FakeEngine(async call =>
        {
            await call.SendStreamHeadAsync();
            await _go.Task;
            call.Reset();
        });
        await using var good = new FakeEngine();
        await using var host = await HostAsync();
        var route = Routes.Active("m", [dying, good]);
        await host.PublishAsync(route with { Replicas = [route.Replicas[0]] });
        var request = host.StreamAsync();
        await CommentIsSetAsync(host, dying);
        _time.Advance(TimeSpan.FromMilliseconds(520));
        var response = await request.Within();
        Assert.Equal("m-0", response.Headers.GetValues("x-podvirt-replica").Single());
        await host.PublishAsync(route);
        _go.SetResult();
        Assert.Equal(": prefill\n\n: podvirt replica=m-1 affinity=new parked_ms=0\n\n" + _events, await response.TextAsync());
    }

    [Fact]
    public async Task ClientLeavesDuringThePrefill_EngineIsCutAtOnce()
    {
        await using var engine = new FakeEngine(call => call.HangAsync());
        await using var host = await HostAsync();
        await host.PublishAsync(Routes.Active("m", [engine]));
        var request = host.StreamAsync();
        await CommentIsSetAsync(host, engine);
        _time.Advance(TimeSpan.FromMilliseconds(520));
        var response = await request.Within();
        response.Dispose();
        await engine.LastCall.PeerClosed.Within();
        await host.InFlightAsync(0);
        Assert.Equal((UsageOutcome.Cancelled, 200), await OutcomeAsync(host));
        Assert.Equal(0, host.Services.GetRequiredService<WaitClock>().Count);
    }

    [Fact]
    public async Task EngineIsSilentForTooLong_ClientIsToldInBand()
    {
        await using var engine = new FakeEngine(call => AnswerAsync(call, headFirst: true));
        await using var host = await HostAsync();
        await host.PublishAsync(Routes.Active("m", [engine], tokenTimeout: TimeSpan.FromSeconds(5)));
        var request = host.StreamAsync();
        await CommentIsSetAsync(host, engine);
        _time.Advance(TimeSpan.FromMilliseconds(520));
        var text = (await request.Within()).TextAsync();
        await Eventually.TrueAsync(
            () =>
            {
                _time.Advance(TimeSpan.FromSeconds(1));
                return text.IsCompleted;
            },
            "the engine is given up");
        Calls.InBandError(await text, "engine_stalled");
        Assert.Equal((UsageOutcome.Failed, 200), await OutcomeAsync(host));
        _go.SetResult();
    }

    [Fact]
    public async Task EngineStopsWithinAnEvent_NoCommentComesInBetween()
    {
        await using var engine = new FakeEngine(async call =>
        {
            await call.SendStreamHeadAsync();
            await call.SendChunkAsync(_events[..30]);
            await _go.Task;
            await call.SendChunkAsync(_events[30..]);
            await call.EndChunksAsync();
        });
        await using var host = await HostAsync();
        await host.PublishAsync(Routes.Active("m", [engine]));
        var request = host.StreamAsync();
        var stream = await (await request.Within()).Content.ReadAsStreamAsync();
        var text = await stream.ReadUntilAsync("\n\n");
        await PassAsync(host, TimeSpan.FromSeconds(5));
        _go.SetResult();
        text += await new StreamReader(stream).ReadToEndAsync().Within();
        Assert.Equal(_events, text);
    }

    [Fact]
    public async Task ParkedBefore_CommentsGoOnAfterTheLease()
    {
        await using var engine = new FakeEngine(call => AnswerAsync(call));
        await using var host = await HostAsync();
        await host.PublishAsync(Routes.Cold("m"));
        var request = host.StreamAsync();
        await CommentIsSetAsync(host);
        _time.Advance(TimeSpan.FromMilliseconds(520));
        var stream = await (await request.Within()).Content.ReadAsStreamAsync();
        await stream.ReadUntilAsync(": warming-up phase=starting\n\n");
        await host.PublishAsync(Routes.Active("m", [engine]));
        await CommentIsSetAsync(host, engine);
        _time.Advance(TimeSpan.FromSeconds(1.02));
        Assert.Equal(": podvirt replica=m-0 affinity=new parked_ms=520\n\n: prefill\n\n", await stream.ReadUntilAsync(": prefill\n\n"));
        _go.SetResult();
        Assert.Equal(_events, await new StreamReader(stream).ReadToEndAsync().Within());
    }

    [Fact]
    public async Task CommentIsDueInTheMomentInWhichAStepEnds_TheNextStepTellsIt()
    {
        using var lot = new Lot(Lot.Active(replicas: 1, slots: 1));
        lot.Dispatcher.Update(lot.Dispatcher.Route);
        var call = lot.Call();
        using var lease = (await call.Result.Within()).Lease;
        using var prefill = new PrefillWait(call.Exchange, call.Reply, lot.Clock, lot.Options, lot.Time);
        prefill.Begin();
        var step = new EndsWhenAskedFor(() => lot.Time.Advance(TimeSpan.FromMilliseconds(520)));
        await prefill.UntilAsync(new ValueTask<bool>(step, 0));
        Assert.Equal("", call.Text);

        var next = new TaskCompletionSource<bool>();
        var waiting = prefill.UntilAsync(new ValueTask<bool>(next.Task)).AsTask();
        await call.CommentsAsync(1);
        next.SetResult(true);
        await waiting.Within();
        Assert.Equal(": prefill\n\n", call.Text);
    }

    [Fact]
    public async Task PlainRequest_IsNotTouched()
    {
        await using var engine = new FakeEngine(call => AnswerAsync(call));
        await using var host = await HostAsync();
        await host.PublishAsync(Routes.Active("m", [engine]));
        var request = host.PlainAsync();
        await engine.CallAsync(1);
        await PassAsync(host, TimeSpan.FromSeconds(60));
        Assert.False(request.IsCompleted);
        _go.SetResult();
        Assert.Equal(new SampleReply(true, false, false, false).Plain, await request.TextAsync());
    }

    private async Task AnswerAsync(FakeCall call, bool headFirst = false)
    {
        if (!headFirst)
        {
            await _go.Task;
            await call.AnswerAsync();
            return;
        }
        await call.SendStreamHeadAsync();
        await _go.Task;
        await call.SendChunkAsync(_events);
        await call.EndChunksAsync();
    }

    private async Task Refuse(FakeCall call)
    {
        await _go.Task;
        await call.AnswerJsonAsync(400, """{"error":{"message":"too long","type":"BadRequestError","param":null,"code":400}}""");
    }

    private Task<GatewayHost> HostAsync() => GatewayHost.StartAsync(
        options => options.CommentGrace = TimeSpan.FromMilliseconds(500), services => services.AddSingleton<TimeProvider>(_time));

    // The engine has the request, and the gateway waits for it.
    private static async Task CommentIsSetAsync(GatewayHost host, FakeEngine engine, int call = 1)
    {
        await engine.CallAsync(call);
        await CommentIsSetAsync(host);
    }

    private static Task CommentIsSetAsync(GatewayHost host) =>
        Eventually.TrueAsync(() => host.Services.GetRequiredService<WaitClock>().Count == 1, "the next comment is set");

    // Nothing is expected of it: what would be wrong has the time to happen.
    private async Task PassAsync(GatewayHost host, TimeSpan time)
    {
        _time.Advance(time);
        await Task.Delay(Pauses.BetweenPieces);
        Assert.Empty(host.Outbox.Records);
    }

    private static async Task<(UsageOutcome Outcome, int Status)> OutcomeAsync(GatewayHost host)
    {
        var record = await host.Outbox.SingleAsync();
        return (record.Outcome, record.Status);
    }

    // Not there when it is looked at, there when its end is asked for.
    private sealed class EndsWhenAskedFor(Action before) : IValueTaskSource<bool>
    {
        private volatile bool _hasEnded;

        public bool GetResult(short token) => true;

        public ValueTaskSourceStatus GetStatus(short token) => _hasEnded ? ValueTaskSourceStatus.Succeeded : ValueTaskSourceStatus.Pending;

        public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
        {
            before();
            _hasEnded = true;
            continuation(state);
        }
    }
}
