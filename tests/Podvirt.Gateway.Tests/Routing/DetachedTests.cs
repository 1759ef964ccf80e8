using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Gateway.Routing;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Routing;

/// <summary>A gateway without the bus: it serves on, and asks engines whether they sleep.</summary>
public sealed class DetachedTests
{
    private const string Question = "GET /is_sleeping HTTP/1.1";

    private readonly CutOffBus _bus = new(TimeProvider.System);
    private volatile bool _isAsleep;


    [Fact]
    public async Task Attached_AsksNothing()
    {
        await using var engine = new FakeEngine(ServeAsync);
        await using var host = await ServingAsync(engine);
        Assert.Equal(HttpStatusCode.OK, (await host.PlainAsync()).StatusCode);
        Assert.DoesNotContain(engine.Calls, IsQuestion);
    }

    [Fact]
    public async Task Detached_AsksBeforeEachSend_OverTheSameConnection()
    {
        await using var engine = new FakeEngine(ServeAsync);
        await using var host = await ServingAsync(engine);
        _bus.Cut();
        Assert.Equal(HttpStatusCode.OK, (await host.PlainAsync()).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await host.PlainAsync()).StatusCode);
        Assert.Equal([true, false, true, false], engine.Calls.Select(IsQuestion));
        Assert.Equal(1, engine.AcceptedConnections);
        Assert.Equal("Bearer engine-key", engine.Calls.First().Header("Authorization"));
        await host.Outbox.AllAsync(2);
        await host.NothingIsLeftAsync(engine);
    }

    [Fact]
    public async Task EngineAsleep_RequestParks_AndIsServedOnceItIsAwake()
    {
        await using var engine = new FakeEngine(ServeAsync);
        await using var host = await ServingAsync(engine);
        _isAsleep = true;
        _bus.Cut();
        var reply = host.PlainAsync();
        await host.WaitingAsync(1);
        Assert.All(engine.Calls, call => Assert.True(IsQuestion(call)));
        Assert.False(reply.IsCompleted);

        _isAsleep = false;
        await LookAsync(host);
        Assert.Equal(HttpStatusCode.OK, (await reply).StatusCode);
        Assert.Single(engine.Calls, call => !IsQuestion(call));
        Assert.Empty(host.Troubles);
        await host.NothingIsLeftAsync(engine);
    }

    [Fact]
    public async Task OneReplicaAsleep_TheOtherServes()
    {
        await using var asleep = new FakeEngine(call => IsQuestion(call) ? AnswerAsync(call, isAsleep: true) : call.AnswerAsync());
        await using var awake = new FakeEngine(ServeAsync);
        await using var host = await ServingAsync(asleep, awake);
        _bus.Cut();
        for (var i = 0; i < 8; i++)
        {
            Assert.Equal(HttpStatusCode.OK, (await host.PlainAsync(("X-Podvirt-Session-Id", $"s{i}"))).StatusCode);
        }
        Assert.Single(asleep.Calls);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task EngineFallsAsleepBeforeItsFirstByte_RequestIsTakenBackAndParks(bool headIsOut)
    {
        await using var engine = new FakeEngine();
        engine.Script = async call =>
        {
            if (IsQuestion(call))
            {
                await AnswerAsync(call, _isAsleep);
                return;
            }
            if (engine.Calls.Count(c => !IsQuestion(c)) > 1)
            {
                await call.AnswerAsync();
                return;
            }
            if (headIsOut)
            {
                await call.SendStreamHeadAsync();
            }
            await call.HangAsync();
        };
        await using var host = await ServingAsync(engine);
        var reply = host.StreamAsync();
        await engine.CallAsync(1);
        _isAsleep = true;
        _bus.Cut();
        await Eventually.TrueAsync(
            () =>
            {
                LookAsync(host).GetAwaiter().GetResult();
                return host.Dispatcher().GetParking().Waiting == 1;
            },
            "the request is parked");

        // Attached again, the routes say that it is awake.
        _isAsleep = false;
        _bus.Mend();
        await LookAsync(host);
        Assert.Contains("[DONE]", await (await reply).TextAsync(), StringComparison.Ordinal);
        await host.NothingIsLeftAsync(engine);
    }

    [Theory]
    [InlineData(404, "Not Found")]
    [InlineData(200, "[]")]
    public async Task EngineThatDoesNotSay_IsTakenForAwake(int status, string body)
    {
        await using var engine = new FakeEngine(call => IsQuestion(call) ? call.AnswerJsonAsync(status, body) : call.AnswerAsync());
        await using var host = await ServingAsync(engine);
        _bus.Cut();
        Assert.Equal(HttpStatusCode.OK, (await host.PlainAsync()).StatusCode);
    }

    [Fact]
    public async Task ExternalEngine_IsNotAsked()
    {
        await using var engine = new FakeEngine(ServeAsync);
        await using var host = await GatewayHost.StartAsync(services: _bus.Replace);
        await host.PublishAsync(Routes.Active("m", [engine]));
        _bus.Cut();
        Assert.Equal(HttpStatusCode.OK, (await host.PlainAsync()).StatusCode);
        Assert.DoesNotContain(engine.Calls, IsQuestion);
    }

    [Fact]
    public async Task EngineDoesNotAnswerTheQuestion_AnotherHasTheRequest()
    {
        await using var dead = new FakeEngine(call =>
        {
            call.Reset();
            return Task.CompletedTask;
        });
        await using var engine = new FakeEngine(ServeAsync);
        await using var host = await ServingAsync(dead, engine);
        _bus.Cut();
        for (var i = 0; i < 4; i++)
        {
            Assert.Equal(HttpStatusCode.OK, (await host.PlainAsync(("X-Podvirt-Session-Id", $"s{i}"))).StatusCode);
        }
        Assert.All(dead.Calls, call => Assert.True(IsQuestion(call)));
    }

    private static Task LookAsync(GatewayHost host) => host.Services.GetRequiredService<SleepWatch>().LookAsync(TestContext.Current.CancellationToken);

    private static bool IsQuestion(FakeCall call) => call.RequestLine == Question;

    private static Task AnswerAsync(FakeCall call, bool isAsleep) => call.AnswerJsonAsync(200, isAsleep ? """{"is_sleeping":true}""" : """{"is_sleeping":false}""");

    private async Task<GatewayHost> ServingAsync(params FakeEngine[] engines)
    {
        var host = await GatewayHost.StartAsync(services: _bus.Replace);
        var route = Routes.Active("m", engines);
        await host.PublishAsync(route with { Model = route.Model with { Engine = route.Model.Engine with { Kind = EngineKind.Vllm } } });
        await Eventually.TrueAsync(() => host.Services.GetRequiredService<Membership>().IsAttached, "the gateway is attached");
        return host;
    }

    private Task ServeAsync(FakeCall call) => IsQuestion(call) ? AnswerAsync(call, _isAsleep) : call.AnswerAsync();
}
