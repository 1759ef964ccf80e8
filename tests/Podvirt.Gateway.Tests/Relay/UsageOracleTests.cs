using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Podvirt.Core.Messages;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Relay;

/// <summary>
/// Whatever the gateway asks an engine for: the client gets the very bytes that the same engine sends for the client's own
/// body, or its refusal. The engine is asked for them here by that body, without a gateway.
/// </summary>
public sealed class UsageOracleTests
{
    private const int Prompt = 7;

    // Tokens of each choice after each of its deltas.
    private static readonly int[] s_counts = [1, 4, 6];

    private static readonly string?[] s_options =
    [
        null, "null", "{}",
        """{"include_usage":true}""", """{"include_usage":false}""",
        """{"continuous_usage_stats":true}""", """{"continuous_usage_stats":false}""",
        """{"include_usage":true,"continuous_usage_stats":true}""", """{ "continuous_usage_stats" : true , "include_usage" : false }""",
        """{"include_usage":true,"continuous_usage_stats":false}""", """{"include_usage":false,"continuous_usage_stats":false}""",
    ];

    /// <summary>What an engine refuses when it sees it.</summary>
    public enum Refuses
    {
        Nothing,
        Continuous,
        StreamOptions,
    }

    public static TheoryData<bool, int, Refuses, bool> Engines()
    {
        var data = new TheoryData<bool, int, Refuses, bool>();
        foreach (var refuses in Enum.GetValues<Refuses>())
        {
            foreach (var n in new[] { 1, 3 })
            {
                data.Add(true, n, refuses, false);
                data.Add(false, n, refuses, false);
                if (refuses != Refuses.Nothing)
                {
                    // Of one that counts on every chunk as well, nothing would show what it says when it does not count.
                    data.Add(true, n, refuses, true);
                }
            }
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task AnyOptions_GiveWhatTheEngineSendsForThem(bool chat, int n, Refuses refuses, bool saysNull)
    {
        Task AnswerAsync(FakeCall call)
        {
            var (status, text) = Answer(call.Body, chat, refuses, saysNull);
            return status == 200 ? SendStreamAsync(call, text) : call.AnswerJsonAsync(status, text);
        }
        await using var engine = new FakeEngine(AnswerAsync);
        await using var host = await GatewayHost.StartAsync();

        // Each has a replica of its own, of which nothing is known yet.
        await host.PublishAsync([.. s_options.Select((_, i) => RouteOf($"m{i}", engine))]);
        for (var i = 0; i < s_options.Length; i++)
        {
            var body = BodyFor($"m{i}", chat, n, s_options[i]);
            var (status, text) = Answer(body, chat, refuses, saysNull);

            // The second time what the engine refuses is remembered.
            for (var time = 0; time < 2; time++)
            {
                var response = await host.Client.PostAsync(chat ? Calls.Chat : Calls.Completions, body).Within();
                if (status == 200)
                {
                    Assert.Equal(text, await response.TextAsync());
                    continue;
                }
                var error = await response.ErrorAsync((HttpStatusCode)status, null);
                Assert.Equal("stream_options: extra fields not permitted", error.GetProperty("message").GetString());
            }
        }
        Assert.Empty(host.Troubles);
        var records = await host.Outbox.AllAsync(2 * s_options.Length);
        Assert.All(
            records.Where(record => record.Outcome == UsageOutcome.Completed && refuses != Refuses.StreamOptions),
            record => Assert.Equal((UsageSource.Engine, new TokenCounts(Prompt, 0, n * s_counts[^1], 0)), (record.Source, record.Tokens)));
    }

    private static async Task SendStreamAsync(FakeCall call, string events)
    {
        await call.SendStreamHeadAsync();
        await call.SendChunkAsync(events);
        await call.EndChunksAsync();
    }

    private static ModelRoute RouteOf(string id, FakeEngine engine)
    {
        var route = Routes.Active(id, [engine]);
        return route with { Replicas = [Routes.Replica($"{id}-0", engine.Address, servedAs: id)] };
    }

    private static string BodyFor(string model, bool chat, int n, string? options) => string.Create(
        CultureInfo.InvariantCulture,
        $"{{\"model\":\"{model}\",\"n\":{n},{(options is null ? "" : $"\"stream_options\":{options},")}\"stream\":true,{(chat ? "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]" : "\"prompt\":\"hi\"")}}}");

    private static (int Status, string Text) Answer(string body, bool chat, Refuses refuses, bool saysNull)
    {
        var json = JsonDocument.Parse(body).RootElement;
        var options = json.TryGetProperty("stream_options", out var o) && o.ValueKind == JsonValueKind.Object ? o : default;
        var isThere = options.ValueKind == JsonValueKind.Object;
        if (isThere && (refuses == Refuses.StreamOptions || (refuses == Refuses.Continuous && options.TryGetProperty("continuous_usage_stats", out _))))
        {
            return (400, """{"error":{"message":"stream_options: extra fields not permitted"}}""");
        }
        var usage = IsTrue("include_usage");
        return (200, Events(chat, json.GetProperty("n").GetInt32(), usage, usage && IsTrue("continuous_usage_stats"), saysNull));

        bool IsTrue(string name) => isThere && options.TryGetProperty(name, out var value) && value.GetBoolean();
    }

    /// <param name="saysNull">Every chunk has <c>"usage":null</c> where usage was asked for, as OpenAI has it.</param>
    private static string Events(bool chat, int n, bool usage, bool continuous, bool saysNull)
    {
        var text = new StringBuilder();
        for (var i = 0; i < n && chat; i++)
        {
            Add($$"""{"index":{{i}},"delta":{"role":"assistant","content":""},"finish_reason":null}""", 0);
        }
        foreach (var count in s_counts)
        {
            for (var i = 0; i < n; i++)
            {
                Add(chat
                    ? $$"""{"index":{{i}},"delta":{"content":"\"usage\":{ "},"finish_reason":null}"""
                    : $$"""{"index":{{i}},"text":"é\n","finish_reason":null}""", count);
            }
        }
        for (var i = 0; i < n; i++)
        {
            Add($$"""{"index":{{i}},"delta":{},"finish_reason":"stop"}""", s_counts[^1]);
        }
        if (usage)
        {
            text.Append(Replies.Event($"{{\"id\":\"c\",\"choices\":[],\"usage\":{Replies.Usage(Prompt, n * s_counts[^1])}}}"));
        }
        return text.Append(Replies.Done).ToString();

        void Add(string choice, int count)
        {
            var member = continuous ? ",\"usage\":" + Replies.Usage(Prompt, count)
                : !chat || (saysNull && usage) ? ",\"usage\":null" : "";
            text.Append(Replies.Event($"{{\"id\":\"c\",\"choices\":[{choice}]{member}}}"));
        }
    }
}
