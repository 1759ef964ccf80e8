using System.Net;
using Podvirt.Core.Replicas;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Responses;

/// <summary>A response that an engine keeps is asked of that engine, by its own project, and never starts one.</summary>
public sealed class StoredResponseTests
{
    private const string Next = $$"""{"model":"m","input":"and?","previous_response_id":"{{ResponseApi.Id}}"}""";
    private const string NotFound = "response_not_found";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ResponseOfOneReplica_IsAskedOfThatOne(bool stream)
    {
        await using var maker = new FakeEngine(AnswerAsync);
        await using var other = new FakeEngine(AnswerAsync);
        await using var host = await GatewayHost.ServingAsync([maker, other]);
        var made = await MakeAsync(host, stream, maker, other);

        for (var i = 0; i < 6; i++)
        {
            // Whatever the session would choose.
            using var next = await host.Client.PostAsync(ResponseApi.Path, Next, ("X-Podvirt-Session-Id", $"s{i}"));
            Assert.Equal(made, next.Headers.GetValues("x-podvirt-replica").Single());
            await next.TextAsync();
        }
        using var stored = await host.Client.GetAsync($"{ResponseApi.Path}/{ResponseApi.Id}?stream=false&starting_after=3&x=1");
        Assert.Equal(HttpStatusCode.OK, stored.StatusCode);
        Assert.Equal(made, stored.Headers.GetValues("x-podvirt-replica").Single());
        Assert.Contains("\"stored\"", await stored.TextAsync(), StringComparison.Ordinal);
        var engine = made == "m-0" ? maker : other;
        Assert.Equal($"GET /v1/responses/{ResponseApi.Id}?stream=false&starting_after=3 HTTP/1.1", engine.LastCall.RequestLine);
        using var cancelled = await host.Client.PostAsync($"{ResponseApi.Path}/{ResponseApi.Id}/cancel", null);
        Assert.Equal($"POST /v1/responses/{ResponseApi.Id}/cancel HTTP/1.1", engine.LastCall.RequestLine);
        Assert.Equal("Bearer engine-key", engine.LastCall.Header("Authorization"));

        // Asking costs nothing.
        await host.Outbox.AllAsync(7);
        await host.NothingIsLeftAsync(maker, other);
    }

    [Fact]
    public async Task ResponseOfAnotherProject_IsNotThere()
    {
        await using var engine = new FakeEngine(AnswerAsync);
        await using var host = await GatewayHost.ServingAsync(engine);
        await MakeAsync(host, stream: false, engine);
        await host.PutKeyAsync("k2", "pv-second", project: "rival");
        await host.KnowsKeyAsync("pv-second");
        using var rival = host.NewClient("pv-second");

        await rival.GetAsync($"{ResponseApi.Path}/{ResponseApi.Id}").ErrorAsync(HttpStatusCode.NotFound, NotFound);
        await rival.PostAsync($"{ResponseApi.Path}/{ResponseApi.Id}/cancel", null).ErrorAsync(HttpStatusCode.NotFound, NotFound);
        var error = await rival.PostAsync(ResponseApi.Path, Next).ErrorAsync(HttpStatusCode.NotFound, NotFound);
        Assert.Equal("previous_response_id", error.GetProperty("param").GetString());
        Assert.Single(engine.Calls);
    }

    [Theory]
    [InlineData(ReplicaState.Sleeping)]
    [InlineData(ReplicaState.Draining)]
    [InlineData(null)]
    public async Task ReplicaSleepsOrIsGone_IsNotThereAndNothingIsStarted(ReplicaState? state)
    {
        await using var engine = new FakeEngine(AnswerAsync);
        await using var host = await GatewayHost.ServingAsync(engine);
        await MakeAsync(host, stream: false, engine);
        await host.PublishAsync(Routes.Active("m", []) with
        {
            Replicas = state is { } asleep ? [Routes.Replica("m-0", engine.Address, state: asleep)] : [],
        });

        var error = await host.Client.GetAsync($"{ResponseApi.Path}/{ResponseApi.Id}").ErrorAsync(HttpStatusCode.NotFound, NotFound);
        Assert.Contains("sleeps, was stopped or died", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        await host.Client.PostAsync(ResponseApi.Path, Next).ErrorAsync(HttpStatusCode.NotFound, NotFound);
        Assert.Equal(0, host.Dispatcher().GetDemand([]).Waiting);
        Assert.Single(host.Outbox.Records);
        Assert.Single(engine.Calls);
    }

    [Fact]
    public async Task EngineHasLetItGo_IsNotThere()
    {
        await using var engine = new FakeEngine(AnswerAsync);
        await using var host = await GatewayHost.ServingAsync(engine);
        await MakeAsync(host, stream: false, engine);
        engine.Script = call => call.AnswerJsonAsync(404, """{"error":{"message":"Response with id 'x' not found.","type":"invalid_request_error","param":"response_id","code":404}}""");

        await host.Client.GetAsync($"{ResponseApi.Path}/{ResponseApi.Id}").ErrorAsync(HttpStatusCode.NotFound, NotFound);
        await host.Client.PostAsync(ResponseApi.Path, Next).ErrorAsync(HttpStatusCode.NotFound, NotFound);
        Assert.Empty(host.Troubles);
    }

    [Theory]
    [InlineData("""{"model":"m","input":"hi","store":false}""", 404)]
    [InlineData("""{"model":"m","input":"hi","store":true}""", 200)]
    [InlineData("""{"model":"m","input":"hi","store":null}""", 200)]
    public async Task ResponseThatIsNotToBeStored_IsNotThere(string body, int status)
    {
        await using var engine = new FakeEngine(AnswerAsync);
        await using var host = await GatewayHost.ServingAsync(engine);
        await host.Client.PostAsync(ResponseApi.Path, body).TextAsync();
        Assert.Equal((HttpStatusCode)status, (await host.Client.GetAsync($"{ResponseApi.Path}/{ResponseApi.Id}")).StatusCode);
    }

    [Fact]
    public async Task GoingOnWithAnotherModel_IsNotThere()
    {
        await using var engine = new FakeEngine(AnswerAsync);
        await using var host = await GatewayHost.ServingAsync(engine);
        await MakeAsync(host, stream: false, engine);
        await host.PublishAsync(Routes.Active("m", [engine]), Routes.Active("other", [engine]));
        var error = await host.Client.PostAsync(ResponseApi.Path, Next.Replace("\"m\"", "\"other\"", StringComparison.Ordinal)).ErrorAsync(HttpStatusCode.NotFound, NotFound);
        Assert.Contains("`m`", error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ReplicaHasNoRoom_IsBusyAndAskingIsNot()
    {
        await using var engine = new FakeEngine(AnswerAsync);
        await using var host = await GatewayHost.StartAsync();
        await host.PublishAsync(Routes.Active("m", [engine], slots: 1));
        await MakeAsync(host, stream: false, engine);
        engine.Script = call => call.RequestLine.StartsWith("GET", StringComparison.Ordinal) ? AnswerAsync(call) : call.HangAsync();
        using var cancel = new CancellationTokenSource();
        var running = host.Client.PostAsync(ResponseApi.Path, ResponseApi.PlainBody, cancel.Token);
        await engine.CallAsync(2);

        var refused = await host.Client.PostAsync(ResponseApi.Path, Next);
        Assert.Equal(TimeSpan.FromSeconds(1), refused.Headers.RetryAfter?.Delta);
        await refused.ErrorAsync(HttpStatusCode.TooManyRequests, "rate_limit_exceeded");
        Assert.Equal(HttpStatusCode.OK, (await host.Client.GetAsync($"{ResponseApi.Path}/{ResponseApi.Id}")).StatusCode);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        await host.NothingIsLeftAsync(engine);
    }

    [Fact]
    public async Task EngineDiesUnderTheNextTurn_NoOtherIsAsked()
    {
        await using var engine = new FakeEngine(AnswerAsync);
        await using var other = new FakeEngine(AnswerAsync);
        await using var host = await GatewayHost.ServingAsync([engine, other]);
        var made = await MakeAsync(host, stream: false, engine, other);
        var (maker, idle) = made == "m-0" ? (engine, other) : (other, engine);
        var before = idle.Calls.Count;
        maker.Script = call =>
        {
            call.Close();
            return Task.CompletedTask;
        };
        await host.Client.PostAsync(ResponseApi.Path, Next).ErrorAsync(HttpStatusCode.BadGateway, "engine_unreachable");
        Assert.Equal(before, idle.Calls.Count);
    }

    [Fact]
    public async Task AnswerIsRead_ReplicaIsHeldMeanwhile()
    {
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var engine = new FakeEngine(AnswerAsync);
        await using var host = await GatewayHost.ServingAsync(engine);
        await MakeAsync(host, stream: false, engine);
        engine.Script = async call =>
        {
            await go.Task;
            await AnswerAsync(call);
        };
        var asked = host.Client.GetAsync($"{ResponseApi.Path}/{ResponseApi.Id}");
        await host.InFlightAsync(1);
        go.SetResult();
        Assert.Equal(HttpStatusCode.OK, (await asked.Within()).StatusCode);
        await host.InFlightAsync(0);
    }

    [Fact]
    public async Task IdleConnectionWasClosed_IsAskedOverAnother()
    {
        await using var engine = new FakeEngine(AnswerAsync);
        await using var host = await GatewayHost.ServingAsync(engine);
        await MakeAsync(host, stream: false, engine);
        var first = engine.LastCall.Connection;
        engine.Script = async call =>
        {
            if (call.Connection == first)
            {
                call.Close();
                return;
            }
            await AnswerAsync(call);
        };
        Assert.Equal(HttpStatusCode.OK, (await host.Client.GetAsync($"{ResponseApi.Path}/{ResponseApi.Id}")).StatusCode);
    }

    [Fact]
    public async Task AnswerBreaksOff_IsNoWholeOne()
    {
        await using var engine = new FakeEngine(AnswerAsync);
        await using var host = await GatewayHost.ServingAsync(engine);
        await MakeAsync(host, stream: false, engine);
        engine.Script = async call =>
        {
            await call.SendAsync("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{");
            call.Close();
        };
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => host.Client.GetStringAsync($"{ResponseApi.Path}/{ResponseApi.Id}"));
        await host.InFlightAsync(0);
    }

    [Theory]
    [InlineData("""{"model":"m","input":"hi","background":true}""", "background")]
    [InlineData("""{"model":"m","input":"hi","background":"true"}""", "background")]
    [InlineData("""{"model":"m","input":"hi","request_id":"resp_1"}""", "request_id")]
    [InlineData("""{"model":"m","input":"hi","previous_response_id":7}""", "previous_response_id")]
    [InlineData("""{"model":"m"}""", "input")]
    public async Task BodyThatCannotBeServed_IsRefused(string body, string param)
    {
        await using var host = await GatewayHost.StartAsync();
        await host.PublishAsync(Routes.Cold("m"));
        var error = await host.Client.PostAsync(ResponseApi.Path, body).ErrorAsync(HttpStatusCode.BadRequest, "invalid_value");
        Assert.Equal(param, error.GetProperty("param").GetString());
    }

    [Theory]
    [InlineData("DELETE", "/v1/responses/r", 405, "wrong_method")]
    [InlineData("GET", "/v1/responses/r/input_items", 404, "unknown_path")]
    public async Task WhatEnginesDoNotHave_IsToldAsSuch(string method, string path, int status, string code)
    {
        await using var host = await GatewayHost.StartAsync();
        await host.Client.SendAsync(new HttpRequestMessage(new HttpMethod(method), path)).ErrorAsync((HttpStatusCode)status, code);
    }

    // The replica that made it.
    private static async Task<string> MakeAsync(GatewayHost host, bool stream, params FakeEngine[] engines)
    {
        using var made = await host.Client.PostAsync(ResponseApi.Path, stream ? ResponseApi.StreamBody : ResponseApi.PlainBody);
        Assert.Equal(HttpStatusCode.OK, made.StatusCode);
        await made.TextAsync();
        Assert.Equal(1, engines.Sum(engine => engine.Calls.Count));
        Assert.Equal(UsageOutcome.Completed, (await host.Outbox.SingleAsync()).Outcome);
        return made.Headers.GetValues("x-podvirt-replica").Single();
    }

    private static Task AnswerAsync(FakeCall call)
    {
        if (call.RequestLine.Contains($"/{ResponseApi.Id}", StringComparison.Ordinal))
        {
            return call.AnswerJsonAsync(200, ResponseApi.Body().Replace("\"object\"", "\"stored\":true,\"object\"", StringComparison.Ordinal));
        }
        var isStream = call.Body.Contains("\"stream\":true", StringComparison.Ordinal);
        return isStream ? TypedSurface.Sends(ResponseApi.Events)(call) : call.AnswerJsonAsync(200, ResponseApi.Body());
    }
}
