using System.Net;
using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Upstream;

/// <summary>What an engine is sent, and what becomes of its refusals.</summary>
public sealed class UpstreamRequestTests
{
    [Fact]
    public async Task ClientsOwnHeaders_NeverReachTheEngine()
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(engine);
        await host.PlainAsync(
            ("Cookie", "session=secret"), ("X-Podvirt-Session-Id", "s1"), ("X-Podvirt-Max-Wait", "5"), ("X-Request-Id", "mine"),
            ("OpenAI-Organization", "org"), ("X-Forwarded-For", "10.0.0.1"));
        var head = engine.LastCall.Head;
        Assert.Equal("POST /v1/chat/completions HTTP/1.1", engine.LastCall.RequestLine);
        Assert.Equal("Bearer engine-key", engine.LastCall.Header("Authorization"));
        Assert.Equal(engine.Address["http://".Length..], engine.LastCall.Header("Host"));
        Assert.Equal("application/json", engine.LastCall.Header("Content-Type"));
        foreach (var secret in new[] { GatewayHost.Secret, "cookie", "podvirt", "mine", "organization", "10.0.0.1" })
        {
            Assert.DoesNotContain(secret, head, StringComparison.OrdinalIgnoreCase);
        }
        Assert.Equal(["Host", "Content-Type", "Authorization", "Accept", "X-Request-Id", "Content-Length"], NamesOf(head));
    }

    [Theory]
    [InlineData("sk-9\r\nX-Admin: 1")]
    [InlineData("sk-9\n")]
    [InlineData("sk-9 ")]
    [InlineData("ключ")]
    public async Task KeyThatWouldSplitTheHead_IsRefusedAndNotLogged(string key)
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(engine);
        host.MayLogErrors = true;
        var route = Routes.Active("m", [engine]);
        await host.Bus.PublishAsync(
            Subjects.Routes, new RouteTable(1, 50, [route with { Replicas = [Routes.Replica("m-1", engine.Address, apiKey: key)] }]));
        await Eventually.TrueAsync(() => !host.Errors.IsEmpty, "the table is refused");
        Assert.DoesNotContain(key.Trim(), Assert.Single(host.Errors), StringComparison.Ordinal);
        await host.PlainAsync().TextAsync();
        Assert.Equal("Bearer engine-key", engine.LastCall.Header("Authorization"));
    }

    [Fact]
    public async Task EnginesHeaders_NeverReachTheClient()
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(engine);
        var response = await host.StreamAsync();
        Assert.False(response.Headers.Contains("Set-Cookie"));
        Assert.DoesNotContain("uvicorn", response.Headers.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ReplicaWithoutKeyAndWithAPath_IsAskedThere()
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.StartAsync();
        var route = Routes.Active("m", [engine]);
        await host.PublishAsync(route with { Replicas = [Routes.Replica("r", engine.Address + "/openai/", apiKey: "")] });
        Assert.Equal(HttpStatusCode.OK, (await host.PlainAsync()).StatusCode);
        Assert.Equal("POST /openai/v1/chat/completions HTTP/1.1", engine.LastCall.RequestLine);
        Assert.Null(engine.LastCall.Header("Authorization"));
    }

    [Theory]
    [InlineData("{ \"messages\" : [ { \"role\":\"user\" , \"content\":\"\\u00e9 \\\"model\\\":\\\"m\\\"\" } ],\n\t\"model\" : \"m\" , \"x\": 1.0e2 }")]
    [InlineData("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"日本\"}],\"stream\":false}")]
    public async Task PlainBody_ReachesTheEngineByteForByte(string body)
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(engine);
        await host.Client.PostAsync(Calls.Chat, body);
        Assert.Equal(body, engine.LastCall.Body);
    }

    [Fact]
    public async Task ServedAs_IsSplicedAndNothingElse()
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.StartAsync();
        await host.PublishAsync(Routes.Active("org/m", [engine], servedAs: "/weights/\"q\" é"));
        await host.Client.PostAsync(Calls.Chat, "{ \"messages\":[{\"role\":\"user\",\"content\":\"org/m\"}], \"model\" : \"org/m\" }");
        Assert.Equal("/weights/\"q\" é", engine.LastCall.Json.GetProperty("model").GetString());
        Assert.StartsWith("{ \"messages\":[{\"role\":\"user\",\"content\":\"org/m\"}], \"model\" : \"/weights/", engine.LastCall.Body, StringComparison.Ordinal);
        Assert.Equal("org/m", (await host.Outbox.SingleAsync()).Model);
    }

    [Theory]
    [InlineData("", "{\"stream_options\":{\"include_usage\":true,\"continuous_usage_stats\":true},")]
    [InlineData("\"stream_options\":null,", "{\"stream_options\":{\"include_usage\":true,\"continuous_usage_stats\":true},")]
    [InlineData("\"stream_options\":{\"include_usage\":false},", "{\"stream_options\":{\"continuous_usage_stats\":true,\"include_usage\":true},")]
    [InlineData("\"stream_options\":{\"x\":1},", "{\"stream_options\":{\"include_usage\":true,\"continuous_usage_stats\":true,\"x\":1},")]
    public async Task StreamOptions_AreSpliced(string options, string start)
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(engine);
        var body = Calls.StreamBody.Replace("{\"model\"", "{" + options + "\"model\"", StringComparison.Ordinal);
        await host.Client.PostAsync(Calls.Chat, body).TextAsync();
        Assert.Equal(start + Calls.StreamBody[1..], engine.LastCall.Body);
        Assert.Equal("text/event-stream", engine.LastCall.Header("Accept"));
    }

    [Fact]
    public async Task LargeBody_ReachesTheEngineWhole()
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(engine);
        var body = Calls.PlainBody.Replace("hi", new string('x', 5_000_000), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await host.Client.PostAsync(Calls.Chat, body)).StatusCode);
        Assert.Equal(body, engine.LastCall.Body);
    }

    [Fact]
    public async Task EngineRefusesContinuousUsage_IsAskedAgainWithoutAndThatIsRemembered()
    {
        await using var engine = new FakeEngine(call => call.Body.Contains("continuous_usage_stats", StringComparison.Ordinal)
            ? call.AnswerJsonAsync(400, """{"error":{"message":"extra field continuous_usage_stats","type":"BadRequestError","param":null,"code":400}}""")
            : call.AnswerAsync());
        await using var host = await GatewayHost.ServingAsync(engine);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(new SampleReply(true, true, false, false).Events, await host.StreamAsync().TextAsync());
        }
        Assert.Equal(4, engine.Calls.Count);
        Assert.All(await host.Outbox.AllAsync(3), record => Assert.Equal(SampleReply.Completion, record.Tokens.Completion));
    }

    [Fact]
    public async Task EngineRefusesContinuousUsageOfManyAtOnce_AllAreAskedAgain()
    {
        using var all = new CountdownEvent(4);
        var allThere = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var engine = new FakeEngine(async call =>
        {
            if (!call.Body.Contains("continuous_usage_stats", StringComparison.Ordinal))
            {
                await call.AnswerAsync();
                return;
            }
            if (all.Signal())
            {
                allThere.SetResult();
            }
            await allThere.Task;
            await call.AnswerJsonAsync(400, """{"error":{"message":"continuous_usage_stats: extra fields not permitted"}}""");
        });
        await using var host = await GatewayHost.ServingAsync(engine);
        var texts = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => host.StreamAsync().TextAsync()));
        Assert.All(texts, text => Assert.EndsWith(Replies.Done, text, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(400, """{"error":{"message":"too long","type":"BadRequestError","param":"messages","code":400}}""", "too long", "messages")]
    [InlineData(400, """{"object":"error","message":"too long","type":"BadRequestError","param":null,"code":400}""", "too long", null)]
    [InlineData(422, """{"error":"too long"}""", "too long", null)]
    [InlineData(400, """{"detail":"too long"}""", "too long", null)]
    [InlineData(413, "too long", "too long", null)]
    [InlineData(409, "", "The engine answered with status 409.", null)]
    [InlineData(500, """{"error":{"message":"boom","type":"InternalServerError","param":null,"code":500}}""", "boom", null)]
    [InlineData(400, """{"error":{"message":"\ud800"}}""", """{"error":{"message":"\ud800"}}""", null)]
    public async Task EngineRefuses_ItsErrorIsNormalised(int status, string body, string message, string? param)
    {
        await using var engine = new FakeEngine(call => call.AnswerJsonAsync(status, body));
        await using var host = await GatewayHost.ServingAsync(engine);
        var error = await host.StreamAsync().ErrorAsync((HttpStatusCode)status, null);
        Assert.Equal(message, error.GetProperty("message").GetString());
        Assert.Equal(param, error.GetProperty("param").GetString());
        var record = await host.Outbox.SingleAsync();
        Assert.Equal((UsageOutcome.Failed, status, UsageSource.None), (record.Outcome, record.Status, record.Source));

        // A refusal leaves the connection good, and only a 5xx is trouble.
        await host.StreamAsync().ErrorAsync((HttpStatusCode)status, null);
        Assert.Equal(1, engine.AcceptedConnections);
        if (status >= 500)
        {
            await Eventually.TrueAsync(() => host.Troubles.Count == 2, "the errors are reported");
        }
        Assert.Equal(status >= 500, !host.Troubles.IsEmpty);
    }

    [Theory]
    [InlineData(302)]
    [InlineData(401)]
    [InlineData(403)]
    [InlineData(404)]
    [InlineData(405)]
    public async Task EngineRefusesTheGateway_Is502(int status)
    {
        await using var engine = new FakeEngine(call => call.AnswerJsonAsync(status, """{"error":"Unauthorized"}"""));
        await using var host = await GatewayHost.ServingAsync(engine);
        await host.PlainAsync().ErrorAsync(HttpStatusCode.BadGateway, "engine_refused");
    }

    private static string[] NamesOf(string head) =>
        [.. head.Split("\r\n").Skip(1).TakeWhile(line => line.Length > 0).Select(line => line[..line.IndexOf(':', StringComparison.Ordinal)])];
}
