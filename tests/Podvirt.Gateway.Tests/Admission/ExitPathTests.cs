using System.Net;
using Podvirt.Core.Projects;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Admission;

/// <summary>However a request ends: what it held is given back once, and what its record says is counted once.</summary>
public sealed class ExitPathTests
{
    private static readonly Rate s_rate = new("m", 1, DateTimeOffset.UnixEpoch, 2, 1, 3);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Completed_SettlesToTheEnginesCountsBeforeTheClientSeesTheEnd(bool stream)
    {
        GatewayHost? host = null;
        await using var engine = new FakeEngine(async call =>
        {
            Assert.True(host!.Reserved() > 1000);
            await call.AnswerAsync();
        });
        await using var own = host = await LimitedAsync(engine);
        host.Outbox.Hold();
        var text = (stream ? host.StreamAsync() : host.PlainAsync()).TextAsync();
        await Eventually.TrueAsync(() => host.Outbox.Waiting == 1, "the record is under way");
        Assert.True(host.Reserved() > 1000);
        host.Outbox.Release();
        await text;
        Assert.Equal(Int128.Zero, host.Reserved());
        await SettledAsync(host, 13, engine);
    }

    [Fact]
    public async Task ParkedClientLeaves_GivesAllBack()
    {
        await using var host = await LimitedAsync();
        await host.PublishAsync(Routes.Cold("m"));
        using var leave = new CancellationTokenSource();
        var parked = host.Client.PostAsync(Calls.Chat, Calls.StreamBody, leave.Token);
        await host.WaitingAsync(1);
        Assert.True(host.Reserved() > 1000);
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => parked);
        await SettledAsync(host, 0);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("0.1")]
    public async Task NoReplicaInTime_GivesAllBack(string maxWait)
    {
        await using var host = await LimitedAsync();
        await host.PublishAsync(Routes.Cold("m"));
        await host.PlainAsync(("X-Podvirt-Max-Wait", maxWait)).ErrorAsync(HttpStatusCode.ServiceUnavailable, "model_warming_timeout");

        // The model goes on being wished for, by nobody in particular.
        await Eventually.TrueAsync(() => host.Reserved() == 0, "all of it is given back");
        Assert.Equal(0, Used(host));
    }

    [Fact]
    public async Task ModelFailed_GivesAllBack()
    {
        await using var host = await LimitedAsync();
        await host.PublishAsync(Routes.Failed("m", "model_start_failed", "no memory", null));
        await host.PlainAsync().ErrorAsync(HttpStatusCode.ServiceUnavailable, "model_start_failed");
        await SettledAsync(host, 0);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(429)]
    [InlineData(503)]
    public async Task EngineRefuses_GivesAllBack(int status)
    {
        await using var engine = new FakeEngine(call => call.AnswerJsonAsync(status, """{"error":{"message":"no","code":"x"}}"""));
        await using var host = await LimitedAsync(engine);
        Assert.Equal(status, (int)(await host.StreamAsync().Within()).StatusCode);
        await SettledAsync(host, 0, engine);
    }

    [Fact]
    public async Task FailedOver_CountsTheOneThatAnswered()
    {
        await using var bad = new FakeEngine(call =>
        {
            call.Reset();
            return Task.CompletedTask;
        });
        await using var good = new FakeEngine();
        await using var host = await LimitedAsync(bad, good);
        for (var i = 0; i < 8; i++)
        {
            await host.StreamAsync(("X-Podvirt-Session-Id", $"s{i}")).TextAsync();
        }
        Assert.False(bad.Calls.IsEmpty);
        await SettledAsync(host, 8 * 13, bad, good);
    }

    [Fact]
    public async Task ClientLeavesItsStream_CountsAsFarAsTheEngineCounted()
    {
        await using var engine = new FakeEngine(HangingAsync);
        await using var host = await LimitedAsync(engine);
        var response = await host.StreamAsync();
        await (await response.Content.ReadAsStreamAsync()).ReadUntilAsync("\"a\"");
        response.Dispose();
        await SettledAsync(host, 12, engine);
    }

    [Fact]
    public async Task EngineDiesInItsStream_CountsAsFarAsItCounted()
    {
        await using var engine = new FakeEngine(async call =>
        {
            await call.SendStreamHeadAsync();
            await call.SendChunkAsync(Replies.Delta("a", 5));
            call.Close();
        });
        await using var host = await LimitedAsync(engine);
        Calls.InBandError(await host.StreamAsync().TextAsync(), "engine_truncated");
        await SettledAsync(host, 12, engine);
    }

    [Fact]
    public async Task CountsThatShrink_CountNothing()
    {
        await using var engine = new FakeEngine(async call =>
        {
            await call.SendStreamHeadAsync();
            await call.SendChunkAsync(Replies.Delta("a", 5) + Replies.Delta("b", 3) + Replies.Done);
            await call.EndChunksAsync();
        });
        await using var host = await LimitedAsync(engine);
        await host.StreamAsync().TextAsync();
        Assert.Equal(UsageSource.Quarantined, (await host.Outbox.SingleAsync()).Source);
        await host.NothingIsLeftAsync(engine);
        Assert.Equal(0, Used(host));
    }

    [Fact]
    public async Task DrainIsOver_CountsAsFarAsTheEngineCounted()
    {
        await using var engine = new FakeEngine(HangingAsync);
        await using var host = await GatewayHost.ServingAsync(engine, options => options.DrainTimeout = TimeSpan.FromMilliseconds(100));
        await LimitAsync(host);
        var stream = await (await host.StreamAsync()).Content.ReadAsStreamAsync();
        await stream.ReadUntilAsync("\"a\"");
        await host.StopAsync().Within();
        await host.Outbox.SingleAsync();
        Assert.Equal((Int128.Zero, 12L), (host.Reserved(), Used(host)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task RecordNotKept_CountsOnlyWhatIsHeldForLater(bool held)
    {
        await using var engine = new FakeEngine();
        await using var host = await LimitedAsync(engine);
        host.MayLogErrors = true;
        host.Outbox.Fails = true;
        host.Outbox.HoldsFailed = held;
        Calls.InBandError(await host.StreamAsync().TextAsync(), "usage_not_recorded");
        await host.NothingIsLeftAsync(engine);
        Assert.Equal(held ? 13 : 0, Used(host));
    }

    private static async Task HangingAsync(FakeCall call)
    {
        await call.SendStreamHeadAsync();
        await call.SendChunkAsync(Replies.Delta("a", 5));
        await call.HangAsync();
    }

    private static async Task<GatewayHost> LimitedAsync(params FakeEngine[] engines)
    {
        var host = await GatewayHost.ServingAsync(engines);
        await LimitAsync(host);
        return host;
    }

    private static async Task LimitAsync(GatewayHost host)
    {
        await host.SetRatesAsync(s_rate);
        await host.PlanAsync(new Plan { Id = "large", TokensPerMonth = new ModelLimits(1_000_000, ModelLimits.None.Models) });
        await host.LimitKeyAsync(key => key with { MonthlyBudget = 1000 });
    }

    private static async Task SettledAsync(GatewayHost host, long used, params FakeEngine[] engines)
    {
        await host.NothingIsLeftAsync(engines);
        Assert.Equal(used, Used(host));
        Assert.Equal(used, host.Outbox.Records.Sum(r => r.Tokens.Prompt + r.Tokens.Completion));
        var project = host.Accounts.ProjectOf(GatewayHost.Project);
        lock (project.Gate)
        {
            Assert.Equal(
                host.Outbox.Records.Aggregate(Int128.Zero, (sum, r) => sum + s_rate.CostOf(r).Pico),
                project.KeyOf("k1").Budget.UsedIn(host.Accounts.Month));
        }
    }

    private static long Used(GatewayHost host)
    {
        var project = host.Accounts.ProjectOf(GatewayHost.Project);
        lock (project.Gate)
        {
            return (long)project.TokensOf("m").UsedIn(host.Accounts.Month);
        }
    }
}
