using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Podvirt.Metering.Ledger;

namespace Podvirt.Tests.Chats;

/// <summary>Answers of the real gateway with a simulated engine.</summary>
public sealed class AnswerTests
{
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
        Assert.True(answer.HasEnded);
        Assert.NotEqual("", answer.Text);
        Assert.Null(answer.Answer["wait"]);
        Assert.NotNull(answer.Answer["replica"]);
        Assert.Equal("new", (string)answer.Answer["affinity"]!);
        Assert.True((long)answer.Answer["parked_ms"]! > 0);
        Assert.InRange((long)answer.Answer["first_token_ms"]!, 1, (long)answer.Answer["duration_ms"]!);
        Assert.Equal(20, (long)answer.Answer["usage"]!["completion"]!);
        await AssertBilledAsLedgerAsync(app, answer.Answer);
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
    }

    internal static async Task AssertBilledAsLedgerAsync(ChatApp app, JsonObject answer)
    {
        var id = Guid.Parse((string)answer["request_id"]!);
        var rated = await app.Services.GetRequiredService<ILedger>().FindAsync(id);
        Assert.NotNull(rated);
        Assert.Equal("playground", rated.Record.Surface);
        Assert.Equal("", rated.Record.Key);
        var billed = answer["billed"]!;
        var tokens = rated.Record.Tokens;
        Assert.Equal(
            (tokens.Prompt, tokens.Cached, tokens.Completion, tokens.Reasoning, rated.Billed.ToString(), rated.RateVersion),
            ((long)billed["prompt"]!, (long)billed["cached"]!, (long)billed["completion"]!, (long)billed["reasoning"]!, (string)billed["cost"]!, (int)billed["rate_version"]!));
    }
}
