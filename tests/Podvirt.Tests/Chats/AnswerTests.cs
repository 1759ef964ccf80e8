using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Podvirt.Core.Usage;
using Podvirt.Metering.Ledger;

namespace Podvirt.Tests.Chats;

/// <summary>Answers of the real gateway with simulated engines.</summary>
public sealed class AnswerTests
{
    /// <summary>Slow enough to be stopped in the middle.</summary>
    private const string Slow = "--sim-token-time, 40ms";

    private const string SlowStart = "--sim-fault, slow-start=60s";

    [Fact]
    public async Task ColdModel_IsWaitedForPhaseByPhaseThenAnswers()
    {
        await using var app = await ChatApp.StartAsync(ChatApp.Yaml(ChatApp.Model("chat")));
        var conversation = await app.BeginConversationAsync("chat", new { max_tokens = 20 });
        var (question, id) = await app.AskAsync(conversation, "Describe a harbour town.");
        var waits = new List<string>();
        var answer = await app.FollowAsync(id, (message, _) =>
        {
            if (message["answer"]?["wait"] is JsonObject wait && (string)wait["kind"]! == "warming-up")
            {
                waits.Add((string)wait["phase"]!);
            }
            return Task.CompletedTask;
        });

        Assert.Equal("snapshot", (string)answer.Events[0]["type"]!);
        Assert.Equal("waiting", (string)answer.Events[0]["answer"]!["status"]!);
        Assert.Contains("weights", waits);
        Assert.Equal("complete", answer.Status);
        Assert.Equal("length", (string)answer.Answer["finish"]!);
        Assert.NotEqual("", answer.Text);
        Assert.Null(answer.Answer["wait"]);
        Assert.NotNull(answer.Answer["replica"]);
        Assert.Equal("new", (string)answer.Answer["affinity"]!);
        Assert.True((long)answer.Answer["parked_ms"]! > 0);
        Assert.InRange((long)answer.Answer["first_token_ms"]!, 1, (long)answer.Answer["duration_ms"]!);
        Assert.Equal(20, (long)answer.Answer["usage"]!["completion"]!);
        await AssertBilledAsync(app, answer.Answer, UsageOutcome.Completed);
        var found = await app.GetAsync($"/api/conversations?request={answer.Answer["request_id"]}");
        Assert.Equal(conversation, (string)Assert.Single(found["data"]!.AsArray())!["id"]!);
        Assert.Empty((await app.GetAsync($"/api/conversations?request={Guid.NewGuid()}"))["data"]!.AsArray());

        var view = await app.GetAsync($"/api/conversations/{conversation}");
        Assert.Equal("Describe a harbour town.", (string)view["title"]!);
        Assert.Equal(id, (string)view["leaf"]!);
        var messages = view["messages"]!.AsArray();
        Assert.Equal([question, id], messages.Select(m => (string)m!["id"]!));
        Assert.Equal(answer.Text, (string)messages[1]!["content"]!);
        Assert.Equal(question, (string)messages[1]!["parent"]!);

        // The next turn finds its replica again, and is told the answer without anything else.
        var next = await app.AnswerAsync(conversation, "And at night?", id);
        Assert.Equal("hit", (string)next.Answer["affinity"]!);
        Assert.Equal(0, (long)next.Answer["parked_ms"]!);
        var frames = await app.GetAsync($"/api/answers/{(string)next.Answer["id"]!}/frames");
        var request = JsonNode.Parse((string)frames["request"]!["body"]!)!;
        Assert.Equal(["Describe a harbour town.", answer.Text, "And at night?"], request["messages"]!.AsArray().Select(m => (string)m!["content"]!));
        Assert.Equal((string)view["session_id"]!, (string)frames["request"]!["headers"]!["x-podvirt-session-id"]!);
    }

    [Fact]
    public async Task Stop_StopsTheEngineAndSaysWhatWasBilled()
    {
        await using var app = await ChatApp.StartAsync(ChatApp.Yaml(ChatApp.Model("chat", Slow)));
        var (_, id) = await app.AskAsync(await app.BeginConversationAsync("chat"), "Tell me everything.");
        var answer = await app.FollowAsync(id, async (message, sofar) =>
        {
            if (sofar.Text.Length > 0 && !sofar.HasEnded && (string)message["type"]! == "delta")
            {
                await app.PostAsync($"/api/answers/{id}/stop", new { });
            }
        });
        Assert.Equal("stopped", answer.Status);
        Assert.Null(answer.Answer["error"]);
        Assert.InRange((long)answer.Answer["billed"]!["completion"]!, 1, 59);
        await AssertBilledAsync(app, answer.Answer, UsageOutcome.Cancelled);
        Assert.Equal((long)answer.Answer["usage"]!["prompt"]!, (long)answer.Answer["billed"]!["prompt"]!);
        await ChatApp.UntilAsync(
            async () => (long)(await app.GetAsync("/api/models"))["data"]![0]!["in_flight"]! == 0, "The engine works on.");
        var shown = await app.GetAsync($"/api/answers/{id}");
        Assert.Equal((answer.Text, "stopped"), ((string)shown["text"]!, (string)shown["status"]!));
    }

    [Fact]
    public async Task StopWhileTheModelWarmsUp_IsBilledAtNothing()
    {
        await using var app = await ChatApp.StartAsync(ChatApp.Yaml(ChatApp.Model("chat", SlowStart)));
        var (_, id) = await app.AskAsync(await app.BeginConversationAsync("chat"), "Hello?");
        var answer = await app.FollowAsync(id, async (message, sofar) =>
        {
            if (message["answer"]?["wait"] is JsonObject && !sofar.HasEnded)
            {
                await app.PostAsync($"/api/answers/{id}/stop", new { });
            }
        });
        Assert.Equal(("stopped", ""), (answer.Status, answer.Text));
        Assert.Equal(0, (long)answer.Answer["billed"]!["completion"]!);
        await AssertBilledAsync(app, answer.Answer, UsageOutcome.Cancelled);
    }

    [Fact]
    public async Task AnyNumberOfReaders_EachHaveAllOfIt()
    {
        await using var app = await ChatApp.StartAsync(ChatApp.Yaml(ChatApp.Model("chat", Slow)));
        var (_, id) = await app.AskAsync(await app.BeginConversationAsync("chat", new { max_tokens = 40 }), "Describe a harbour town.");
        var first = app.FollowAsync(id);
        FollowedAnswer? late = null;
        var second = await app.FollowAsync(id, async (_, sofar) =>
        {
            // Begins in the middle, and has what was there.
            if (sofar.Text.Length > 40 && late is null)
            {
                late = new FollowedAnswer();
                late = await app.FollowAsync(id);
            }
        });
        var afterwards = await app.FollowAsync(id);
        Assert.NotNull(late);
        Assert.NotEqual("", (string)late.Events[0]["answer"]!["text"]!);
        Assert.Equal(["snapshot", "end"], afterwards.Events.Select(e => (string)e["type"]!));
        foreach (var answer in (FollowedAnswer[])[await first, second, late, afterwards])
        {
            Assert.True(answer.HasEnded);
            Assert.Equal("complete", answer.Status);
            Assert.Equal(second.Text, answer.Text);
            Assert.Equal(second.Answer["billed"]!.ToJsonString(), answer.Answer["billed"]!.ToJsonString());
        }
    }

    [Fact]
    public async Task ReaderWhoLeaves_DoesNotStopTheAnswer()
    {
        await using var app = await ChatApp.StartAsync(ChatApp.Yaml(ChatApp.Model("chat", Slow)));
        var (_, id) = await app.AskAsync(await app.BeginConversationAsync("chat", new { max_tokens = 30 }), "Describe a harbour town.");
        using (var response = await app.Client.GetAsync($"/api/answers/{id}/events", HttpCompletionOption.ResponseHeadersRead))
        {
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }
        Assert.Equal("complete", (await app.FollowAsync(id)).Status);
    }

    [Fact]
    public async Task EngineThatDies_InterruptsTheAnswer()
    {
        await using var app = await ChatApp.StartAsync(ChatApp.Yaml(ChatApp.Model("chat", "--sim-fault, die-after-tokens=15")));
        var answer = await app.AnswerAsync(await app.BeginConversationAsync("chat"), "Describe a harbour town.");
        Assert.Equal(("interrupted", "engine_truncated"), (answer.Status, (string)answer.Answer["error"]!["code"]!));
        Assert.NotEqual("", answer.Text);
        await AssertBilledAsync(app, answer.Answer, UsageOutcome.Truncated);
    }

    [Fact]
    public async Task EngineThatCannotStart_FailsTheAnswer()
    {
        await using var app = await ChatApp.StartAsync(ChatApp.Yaml(ChatApp.Model("chat", "--sim-fault, fail-start")));
        var answer = await app.AnswerAsync(await app.BeginConversationAsync("chat"), "Describe a harbour town.");
        Assert.Equal(("failed", ""), (answer.Status, answer.Text));
        Assert.Equal("model_start_failed", (string)answer.Answer["error"]!["code"]!);
        Assert.NotEqual("", (string)answer.Answer["error"]!["message"]!);
    }

    [Fact]
    public async Task SpentPlan_IsTheAnswersError()
    {
        await using var app = await ChatApp.StartAsync(
            ChatApp.Yaml(ChatApp.Model("chat")) + "plans:\n  - { id: tiny, tokens_per_month: { default: 1 } }\n");
        using var patched = await app.Client.PatchAsJsonAsync("/api/projects/default", new { plan = "tiny" });
        Assert.Equal(HttpStatusCode.OK, patched.StatusCode);
        await ChatApp.UntilAsync(
            async () =>
            {
                var answer = await app.FollowAsync((string)(await app.PostAsync(
                    "/api/answers", new { model = "chat", messages = new[] { new { role = "user", content = "Hello?" } } }))["id"]!);
                return answer.Status == "failed" && (string)answer.Answer["error"]!["code"]! == "insufficient_quota";
            },
            "The plan is not felt.");
    }

    [Theory]
    [InlineData("--sim-thinking", false)]
    [InlineData("--sim-thinking, --reasoning-parser, qwen3", true)]
    public async Task Thinking_IsToldApartWhoeverSplitsIt(string args, bool byEngine)
    {
        await using var app = await ChatApp.StartAsync(ChatApp.Yaml(ChatApp.Model("chat", args)));
        var conversation = await app.BeginConversationAsync("chat", new { max_tokens = 200 });
        var answer = await app.AnswerAsync(conversation, "Describe a harbour town.");
        Assert.Equal("complete", answer.Status);
        Assert.NotEqual("", answer.Text);
        Assert.NotEqual("", answer.Thinking);
        Assert.DoesNotContain("think>", answer.Text + answer.Thinking, StringComparison.Ordinal);
        Assert.InRange((long)answer.Answer["thinking_tokens"]!, 5, 199);
        Assert.True((long)answer.Answer["thinking_ms"]! > 0);
        Assert.Equal((long)answer.Answer["usage"]!["reasoning"]! > 0, (bool)answer.Answer["thinking_tokens_exact"]!);

        var id = (string)answer.Answer["id"]!;
        var next = await app.AnswerAsync(conversation, "And at night?", id);
        var frames = await app.GetAsync($"/api/answers/{(string)next.Answer["id"]!}/frames");
        Assert.DoesNotContain(answer.Thinking[..20], (string)frames["request"]!["body"]!, StringComparison.Ordinal);
        var text = await FramesTextAsync(app, id);
        Assert.Equal(byEngine, !text.Contains("<think>", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Frames_AreTheExactBytesWithTheirTimes()
    {
        await using var app = await ChatApp.StartAsync(ChatApp.Yaml(ChatApp.Model("chat")));
        var answer = await app.AnswerAsync(await app.BeginConversationAsync("chat", new { system = "Be brief.", temperature = 0, max_tokens = 30, stop = new[] { "zzz" } }), "Hello?");
        var id = (string)answer.Answer["id"]!;
        var page = await app.GetAsync($"/api/answers/{id}/frames");
        Assert.Equal(200, (int)page["status"]!);
        Assert.Equal((string)answer.Answer["request_id"]!, (string)page["headers"]!["x-request-id"]!);
        Assert.Equal(
            """{"model":"chat","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hello?"}],"stream":true,"stream_options":{"include_usage":true,"continuous_usage_stats":true},"temperature":0,"max_tokens":30,"stop":["zzz"]}""",
            (string)page["request"]!["body"]!);
        var frames = page["frames"]!.AsArray();
        Assert.Equal(Enumerable.Range(1, frames.Count), frames.Select(f => (int)f!["n"]!));
        var times = frames.Select(f => (long)f!["at_us"]!).ToList();
        Assert.Equal(times.Order(), times);
        Assert.All(frames, f => Assert.EndsWith("\n\n", (string)f!["text"]!, StringComparison.Ordinal));
        Assert.Equal("data: [DONE]\n\n", (string)frames[^1]!["text"]!);
        var spoken = new StringBuilder();
        foreach (var text in frames.Select(f => (string)f!["text"]!).Where(t => t.StartsWith("data: {", StringComparison.Ordinal)))
        {
            spoken.Append((string?)JsonNode.Parse(text["data: ".Length..])!["choices"]!.AsArray().FirstOrDefault()?["delta"]?["content"]);
        }
        Assert.Equal(answer.Text, spoken.ToString());

        // By the page.
        var rest = await app.GetAsync($"/api/answers/{id}/frames?after=5");
        Assert.Equal(6, (int)rest["frames"]![0]!["n"]!);
        Assert.Null(rest["next"]);
    }

    [Fact]
    public async Task AsManyAnswersAsMayRun_RefuseTheNext()
    {
        await using var app = await ChatApp.StartAsync(ChatApp.Yaml(ChatApp.Model("chat", SlowStart)));
        var question = new { model = "chat", messages = new[] { new { role = "user", content = "Hello?" } } };
        var ids = new List<string>();
        for (var at = 0; at < 8; at++)
        {
            ids.Add((string)(await app.PostAsync("/api/answers", question))["id"]!);
        }
        Assert.Equal("too_many_answers", await ChatApp.RefusalAsync(app.Client.PostAsJsonAsync("/api/answers", question), HttpStatusCode.TooManyRequests));
        foreach (var id in ids)
        {
            await app.PostAsync($"/api/answers/{id}/stop", new { });
            Assert.Equal("stopped", (await app.FollowAsync(id)).Status);
        }
        var next = (string)(await app.PostAsync("/api/answers", question))["id"]!;
        await app.PostAsync($"/api/answers/{next}/stop", new { });
        await app.FollowAsync(next);
    }

    [Fact]
    public async Task AsManyReadersAsMayBe_RefuseTheNext()
    {
        await using var app = await ChatApp.StartAsync(ChatApp.Yaml(ChatApp.Model("chat", SlowStart)));
        var (_, id) = await app.AskAsync(await app.BeginConversationAsync("chat"), "Hello?");
        var readers = new List<HttpResponseMessage>();
        for (var at = 0; at < 16; at++)
        {
            readers.Add(await app.Client.GetAsync($"/api/answers/{id}/events", HttpCompletionOption.ResponseHeadersRead));
        }
        Assert.All(readers, r => Assert.Equal(HttpStatusCode.OK, r.StatusCode));
        Assert.Equal("too_many_readers", await ChatApp.RefusalAsync(app.Client.GetAsync($"/api/answers/{id}/events"), HttpStatusCode.ServiceUnavailable));
        readers.ForEach(r => r.Dispose());
        await app.PostAsync($"/api/answers/{id}/stop", new { });
        await ChatApp.UntilAsync(
            async () =>
            {
                using var again = await app.Client.GetAsync($"/api/answers/{id}/events", HttpCompletionOption.ResponseHeadersRead);
                return again.StatusCode == HttpStatusCode.OK;
            },
            "A reader's place was not given back.");
    }

    [Fact]
    public async Task ServerThatStops_InterruptsItsAnswersWithAReason()
    {
        var yaml = ChatApp.Yaml(ChatApp.Model("chat", Slow)) + "limits: { drain: 0s }\n";
        var app = await ChatApp.StartAsync(yaml);
        var conversation = await app.BeginConversationAsync("chat");
        var (_, id) = await app.AskAsync(conversation, "Tell me everything.");
        await ChatApp.UntilAsync(async () => (string)(await app.GetAsync($"/api/answers/{id}"))["status"]! == "streaming", "It did not begin.");
        var folder = await app.StopAsync();

        await using var next = await ChatApp.StartAsync(yaml, folder);
        var answer = await next.GetAsync($"/api/answers/{id}");
        Assert.Equal(("interrupted", "shutting_down"), ((string)answer["status"]!, (string)answer["error"]!["code"]!));
        Assert.NotEqual("", (string)answer["text"]!);
        await AssertBilledAsync(next, answer, UsageOutcome.Truncated);
        Assert.Equal(["snapshot", "end"], (await next.FollowAsync(id)).Events.Select(e => (string)e["type"]!));
    }

    private static async Task<string> FramesTextAsync(ChatApp app, string id) =>
        string.Concat((await app.GetAsync($"/api/answers/{id}/frames"))["frames"]!.AsArray()
            .Select(f => (string)f!["text"]!).Where(t => t.StartsWith("data: {", StringComparison.Ordinal))
            .Select(t => (string?)JsonNode.Parse(t["data: ".Length..])!["choices"]!.AsArray().FirstOrDefault()?["delta"]?["content"]));

    private static async Task AssertBilledAsync(ChatApp app, JsonObject answer, UsageOutcome outcome)
    {
        var rated = await app.Services.GetRequiredService<ILedger>().FindAsync(Guid.Parse((string)answer["request_id"]!));
        Assert.NotNull(rated);
        Assert.Equal(("playground", "", "default", outcome), (rated.Record.Surface, rated.Record.Key, rated.Record.Project, rated.Record.Outcome));
        var billed = answer["billed"]!;
        var tokens = rated.Record.Tokens;
        Assert.Equal(
            (tokens.Prompt, tokens.Cached, tokens.Completion, tokens.Reasoning, rated.Billed.ToString(), rated.RateVersion),
            ((long)billed["prompt"]!, (long)billed["cached"]!, (long)billed["completion"]!, (long)billed["reasoning"]!, (string)billed["cost"]!, (int)billed["rate_version"]!));
    }
}
