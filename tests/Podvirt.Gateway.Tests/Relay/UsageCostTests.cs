using System.Net;
using System.Text.Json;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Relay;
using Podvirt.Gateway.Tests.Fixtures;
using Podvirt.Messaging;

namespace Podvirt.Gateway.Tests.Relay;

/// <summary>A client that asks is told what its answer costs, by the rate version that its record carries.</summary>
public sealed class UsageCostTests
{
    private const string UsageBody = """{"model":"m","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"hi"}]}""";
    private const string ContinuousBody =
        """{"model":"m","stream":true,"stream_options":{"include_usage":true,"continuous_usage_stats":true},"messages":[{"role":"user","content":"hi"}]}""";

    private static readonly (string, string) s_asked = ("X-Podvirt-Usage-Cost", "true");

    [Theory]
    [InlineData(nameof(Framing.Chunked))]
    [InlineData(nameof(Framing.ContentLength))]
    [InlineData(nameof(Framing.CloseDelimited))]
    public async Task PlainReply_HasItsCostBehindItsCounts(string framed)
    {
        var framing = Enum.Parse<Framing>(framed);
        await using var engine = new FakeEngine(async call =>
        {
            await call.SendAsync(Wire.Of("application/json", SampleReply.For(call).Plain, framing, chunk: 1).Bytes);
            if (framing == Framing.CloseDelimited)
            {
                call.Close();
            }
        });
        await using var host = await ServingAsync(engine, NewRate(1, 100, 30));

        var text = await host.PlainAsync(s_asked).TextAsync();

        Assert.Equal(Told(SampleReply.For(engine.LastCall).Plain, "0.000000000880"), text);
        Assert.Equal(1, (await host.Outbox.SingleAsync()).QuotedRate);
        Assert.Equal(SampleReply.For(engine.LastCall).Plain, await host.PlainAsync().TextAsync());
        Assert.Null((await host.Outbox.AllAsync(2))[1].QuotedRate);
    }

    [Theory]
    [InlineData(UsageBody)]
    [InlineData(ContinuousBody)]
    public async Task Stream_HasItsCostInItsLastUsageOnly(string body)
    {
        await using var engine = new FakeEngine();
        await using var host = await ServingAsync(engine, NewRate(1, 100, 30));

        var events = (await host.Client.PostAsync(Calls.Chat, body, s_asked).TextAsync()).Split("\n\n");

        Assert.EndsWith(Told("}", "0.000000000880") + "}", events[^3], StringComparison.Ordinal);
        Assert.Equal(new SampleReply(true, true, true, body == ContinuousBody).Events.Split("\n\n")[..^3], events[..^3]);
        Assert.Equal(1, (await host.Outbox.SingleAsync()).QuotedRate);
    }

    [Fact]
    public async Task UsageOverSeveralDataLines_HasItsCostToo()
    {
        await using var engine = new FakeEngine(async call =>
        {
            await call.SendStreamHeadAsync();
            await call.SendChunkAsync("id: 7\ndata: {\"choices\":[],\"usage\":{\"prompt_tokens\":7,\ndata: \"completion_tokens\":5}}\n\n" + Replies.Done);
            await call.EndChunksAsync();
        });
        await using var host = await ServingAsync(engine, NewRate(1, 100, 30));

        Assert.Equal(
            "id: 7\ndata: {\"choices\":[],\"usage\":{\"prompt_tokens\":7, \"completion_tokens\":5,\"cost\":\"0.000000000850\"}}\n\n" + Replies.Done,
            await host.Client.PostAsync(Calls.Chat, UsageBody, s_asked).TextAsync());
    }

    [Fact]
    public async Task StreamWithoutUsage_HasNoCost()
    {
        await using var engine = new FakeEngine();
        await using var host = await ServingAsync(engine, NewRate(1, 100, 30));

        Assert.Equal(new SampleReply(true, true, false, false).Events, await host.StreamAsync(s_asked).TextAsync());
        Assert.Null((await host.Outbox.SingleAsync()).QuotedRate);
    }

    [Fact]
    public async Task Embeddings_CostByTheirOwnPrice()
    {
        await using var engine = new FakeEngine(async call =>
            await call.SendAsync(Wire.Of("application/json", Replies.Embedding, Framing.ContentLength).Bytes));
        await using var host = await GatewayHost.StartAsync();
        var route = Routes.Active("m", [engine]);
        await host.PublishAsync(route with { Model = route.Model with { Type = Core.Models.ModelType.Embedding } });
        await host.SetRatesAsync(NewRate(1, 100, 30) with { EmbeddingPico = 11 });

        var reply = await host.Client.PostAsync("/v1/embeddings", """{"model":"m","input":"hi"}""", s_asked).TextAsync();

        Assert.Equal("0.000000000044", JsonElement.Parse(reply).GetProperty("usage").GetProperty("cost").GetString());
    }

    [Fact]
    public async Task PriceChangesWithinTheStream_IsToldByTheVersionThatTheRecordCarries()
    {
        var priced = new TaskCompletionSource();
        var usageSent = new TaskCompletionSource();
        var end = new TaskCompletionSource();
        await using var engine = new FakeEngine(async call =>
        {
            await call.SendStreamHeadAsync();
            await call.SendChunkAsync(Replies.Delta("a", 5));
            await priced.Task;
            await call.SendChunkAsync(Replies.Event($"{{\"choices\":[],\"usage\":{Replies.Usage(7, 6)}}}"));
            usageSent.SetResult();
            await end.Task;
            await call.SendChunkAsync(Replies.Done);
            await call.EndChunksAsync();
        });
        await using var host = await ServingAsync(engine, NewRate(1, 100, 30));
        using var response = await host.Client.PostAsync(Calls.Chat, UsageBody, s_asked);
        await using var stream = await response.Content.ReadAsStreamAsync();
        await stream.ReadUntilAsync("\"a\"");

        await host.SetRatesAsync(NewRate(1, 100, 30), NewRate(2, 1000, 300));
        priced.SetResult();
        await usageSent.Task.Within();
        Assert.Contains("\"cost\":\"0.000000008800\"", await stream.ReadUntilAsync("\"cost\""), StringComparison.Ordinal);
        await host.SetRatesAsync(NewRate(1, 100, 30), NewRate(2, 1000, 300), NewRate(3, 5, 5));
        end.SetResult();
        await stream.ReadUntilAsync("[DONE]");

        var record = await host.Outbox.SingleAsync();
        Assert.Equal((2, 7L, 6L), (record.QuotedRate, record.Tokens.Prompt, record.Tokens.Completion));
    }

    [Fact]
    public async Task RatesUnknownSoFar_WaitsInsteadOfTellingThatItIsFree()
    {
        await using var engine = new FakeEngine();
        var listing = new TaskCompletionSource();
        await using var host = await GatewayHost.StartAsync(
            services: services => Microsoft.Extensions.DependencyInjection.ServiceCollectionServiceExtensions.AddSingleton<IStateStore>(
                services, new MemoryStateStore { Listing = listing.Task }),
            ready: false);
        await host.PublishAsync(Routes.Active("m", [engine]));
        await host.Store.PutAsync(Rate.StatePrefix + "m", StateJson.ToBytes<IReadOnlyList<Rate>>([NewRate(1, 100, 30)]));

        var reply = host.PlainAsync(s_asked);
        listing.SetResult();

        Assert.Contains("\"cost\":\"0.000000000880\"", await reply.TextAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("yes")]
    [InlineData("True")]
    [InlineData("")]
    public async Task HeaderWithAnotherValue_IsRefused(string value)
    {
        await using var host = await GatewayHost.StartAsync();
        await host.PublishAsync(Routes.Cold("m"));

        var error = await host.PlainAsync(("X-Podvirt-Usage-Cost", value)).ErrorAsync(HttpStatusCode.BadRequest, "invalid_header");

        Assert.Equal("X-Podvirt-Usage-Cost", error.GetProperty("param").GetString());
    }

    private static async Task<GatewayHost> ServingAsync(FakeEngine engine, Rate rate)
    {
        var host = await GatewayHost.ServingAsync(engine);
        await host.SetRatesAsync(rate);
        return host;
    }

    private static Rate NewRate(int version, long prompt, long completion) =>
        new("m", version, DateTimeOffset.UnixEpoch.AddDays(version), prompt, prompt / 10, completion);

    /// <summary>With the cost before the brace that ends the usage.</summary>
    private static string Told(string reply, string cost)
    {
        var at = reply.IndexOf('}', Math.Max(0, reply.IndexOf("\"usage\":{\"", StringComparison.Ordinal)));
        return reply.Insert(at, $",\"cost\":\"{cost}\"");
    }
}
