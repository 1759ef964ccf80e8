using System.Text.Json.Nodes;

namespace Podvirt.FunctionalTests.Clients.Checks;

/// <summary>
/// Refusals are what each client makes of them, with Podvirt's code; and an engine that dies within streams is an error, not the end.
/// All rows stream from that engine when it is killed.
/// </summary>
internal sealed class ErrorCheck : Check
{
    private const int ReadBeforeKill = 5;
    private const string Nobody = "nobody";

    private readonly MatrixServer _server;
    private readonly Answers _answers;
    private readonly Lazy<Task<Dictionary<Row, (Seen Seen, JsonObject Record)>>> _killed;

    public ErrorCheck(MatrixServer server, Answers answers, IReadOnlyList<Row> rows)
    {
        _server = server;
        _answers = answers;
        _killed = new(() => KillAsync([.. rows.Where(r => r.Streams)]));
    }

    public override Column Column => Column.Error;

    public override async Task<string> SeeAsync(Row row)
    {
        List<Failure> refusals = [await RefusedAsync(row, row.Surface.Model ?? "", "pv-not-a-key", 401, "invalid_api_key")];
        if (row.Surface.Model is not null)
        {
            refusals.Add(await RefusedAsync(row, Nobody, PodvirtProcess.ApiKey, 404, "model_not_found"));
        }
        if (row.Surface.WrongType is { } wrongType)
        {
            refusals.Add(await RefusedAsync(row, wrongType, PodvirtProcess.ApiKey, 400, "wrong_model_type"));
        }
        var types = string.Join(", ", refusals.Select(r => Cells.Code(r.Type)).Distinct());
        return row.Streams ? $"{types}; in a stream {await CutAsync(row)}" : types;
    }

    // In every way that the client has, and it makes the same of it in all.
    private async Task<Failure> RefusedAsync(Row row, string model, string key, int status, string code)
    {
        List<Failure> failures = [];
        foreach (var way in row.Ways)
        {
            var seen = await row.Client.CallAsync(new Call(_server.Address, row.Surface.Name, way, model, key, row.Surface.Prompt), Ignore);
            Assert.True(seen.Error is not null, $"{way}: {seen}");
            Assert.Equal("", seen.Text);
            Assert.Equal((status, code), (seen.Error.Status, seen.Error.Code));
            failures.Add(seen.Error);
        }
        Assert.Single(failures.Select(f => f.Type).Distinct());
        return failures[0];
    }

    // An exception, or at least no reason why it should have ended: some libraries read over what they do not expect in a stream.
    private async Task<string> CutAsync(Row row)
    {
        var (seen, record) = (await _killed.Value)[row];
        Assert.Equal((row.Surface.Name, "truncated"), ((string)record["surface"]!, (string)record["outcome"]!));
        var billed = (long)record["completion_tokens"]!;
        Assert.True(billed == 0 || billed >= seen.Parts, $"{record.ToJsonString()}, {seen.Parts} parts");
        if (seen.Error is { } error)
        {
            Assert.True(error.Code is null or "engine_truncated", error.ToString());
            return Cells.Code(error.Type);
        }
        Assert.Null(seen.Finish);
        Assert.NotNull((await _answers.OfAsync(row, Way.Stream)).Seen.Finish);
        return "an end without finish reason";
    }

    private async Task<Dictionary<Row, (Seen Seen, JsonObject Record)>> KillAsync(IReadOnlyList<Row> rows)
    {
        var calls = new List<(Row Row, CallKey Key, Task<Seen> Seen)>();
        var reading = new List<Task>();
        foreach (var row in rows)
        {
            var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var key = await _server.MakeKeyAsync($"{row.Client.Name} {row.Surface.Name} killed");
            var call = new Call(_server.Address, row.Surface.Name, Way.Stream, MatrixModels.Mortal, key.Secret, row.Surface.LongPrompt, TellAfter: ReadBeforeKill);
            var seen = row.Client.CallAsync(call, told.SetResult);
            calls.Add((row, key, seen));
            reading.Add(Task.WhenAny(told.Task, seen));
        }
        await Task.WhenAll(reading);
        _server.Kill(MatrixModels.Mortal);
        var results = new Dictionary<Row, (Seen, JsonObject)>();
        foreach (var (row, key, seen) in calls)
        {
            results[row] = (await seen, await _server.RecordAsync(key));
        }
        return results;
    }
}
