using System.Collections.Concurrent;
using System.Text.Json.Nodes;

namespace Podvirt.FunctionalTests.Clients.Checks;

/// <summary>Each row's plain and streamed answer, with its usage record: called once, looked at by several columns.</summary>
internal sealed class Answers(MatrixServer server)
{
    private readonly ConcurrentDictionary<(Row Row, Way Way), Lazy<Task<Answer>>> _answers = new();

    public Task<Answer> OfAsync(Row row, Way way) => _answers.GetOrAdd((row, way), _ => new(() => CallAsync(row, way))).Value;

    private async Task<Answer> CallAsync(Row row, Way way)
    {
        var key = await server.MakeKeyAsync($"{row.Client.Name} {row.Surface.Name} {way}");
        var seen = await row.Client.CallAsync(new Call(server.Address, row.Surface.Name, way, row.Surface.Model ?? "", key.Secret, row.Surface.Prompt), () => { });
        Assert.True(seen.Error is null, seen.ToString());
        Assert.NotEqual("", seen.Text);
        if (row.Surface.Model is null)
        {
            return new Answer(seen, null);
        }
        var record = await server.RecordAsync(key);
        Assert.Equal((row.Surface.Name, "completed"), ((string)record["surface"]!, (string)record["outcome"]!));
        return new Answer(seen, record);
    }
}

/// <param name="Record">Null where a surface has no usage.</param>
internal sealed record Answer(Seen Seen, JsonObject? Record)
{
    public bool IsCounted => (string)Record!["usage_source"]! == "engine";

    public Counts Billed => new((long)Record!["prompt_tokens"]!, (long)Record["completion_tokens"]!, (long)Record["video_us"]!);
}
