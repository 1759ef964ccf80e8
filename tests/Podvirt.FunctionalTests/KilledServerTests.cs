using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace Podvirt.FunctionalTests;

/// <summary>The server is killed while the console's chat is being answered.</summary>
public class KilledServerTests
{
    private static readonly TimeSpan s_lostMax = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task ServerKilledInTheMiddleOfAnAnswer_TheNextOneShowsItInterruptedWithWhatHadCome()
    {
        // As many tokens a second as can be counted in the text.
        var yaml = Configs.Catalog(Configs.Model("chat", more: "--sim-token-time, 20ms, --sim-tokens-min, 2000"));
        var first = await PodvirtProcess.StartAsync(yaml);
        var settings = new { max_tokens = 2000, temperature = 1.0 };
        var conversation = (string)(await PostAsync(first, "api/conversations", new { model = "chat", settings }, HttpStatusCode.Created))["id"]!;
        var begun = await PostAsync(first, $"api/conversations/{conversation}/answers", new { content = "Tell a long story, and then another one." }, HttpStatusCode.Accepted);
        var id = (string)begun["answer"]!["id"]!;

        // What had come more than a second before the kill is what the next server has at least.
        var seen = new List<(DateTimeOffset At, JsonObject Answer)>();
        await Until.TrueAsync(
            async () =>
            {
                seen.Add((DateTimeOffset.UtcNow, await GetAsync(first, $"api/answers/{id}")));
                return TextOf(seen[^1].Answer).Length > 0 && seen[^1].At - seen.First(s => TextOf(s.Answer).Length > 0).At > 2 * s_lostMax;
            },
            () => $"It did not stream:\n{first.Output}");
        Assert.Equal("streaming", (string)seen[^1].Answer["status"]!);
        var killedAt = DateTimeOffset.UtcNow;
        await first.KillAsync();

        await using var next = await PodvirtProcess.StartAsync(yaml, first.Data);
        var answer = await GetAsync(next, $"api/answers/{id}");
        Assert.Equal(("interrupted", "server_died"), ((string)answer["status"]!, (string)answer["error"]!["code"]!));
        Assert.StartsWith(TextOf(seen.Last(s => s.At < killedAt - s_lostMax).Answer), TextOf(answer), StringComparison.Ordinal);
        Assert.NotEqual("", TextOf(answer));

        // What it used until then is on the ledger, and shown.
        await Until.TrueAsync(
            async () => (answer = await GetAsync(next, $"api/answers/{id}"))["billed"] is not null, () => $"It was not billed: {answer}");
        var record = Assert.Single(await next.RecordsAsync(1));
        Assert.Equal(((string)record["id"]!, (long)record["completion_tokens"]!, (string)record["cost"]!),
            ((string)answer["request_id"]!, (long)answer["billed"]!["completion"]!, (string)answer["billed"]!["cost"]!));

        // And the conversation goes on.
        var again = await PostAsync(next, $"api/conversations/{conversation}/answers", new { parent = (string)begun["message"]!["id"]! }, HttpStatusCode.Accepted);
        await PostAsync(next, $"api/answers/{(string)again["answer"]!["id"]!}/stop", new { }, HttpStatusCode.Accepted);
    }

    private static string TextOf(JsonObject answer) => (string)answer["text"]!;

    private static async Task<JsonObject> GetAsync(PodvirtProcess server, string path) => (await server.Admin.GetFromJsonAsync<JsonObject>(path))!;

    private static async Task<JsonObject> PostAsync(PodvirtProcess server, string path, object body, HttpStatusCode status)
    {
        using var response = await server.Admin.PostAsJsonAsync(path, body);
        Assert.Equal(status, response.StatusCode);
        return (await response.Content.ReadFromJsonAsync<JsonObject>())!;
    }
}
