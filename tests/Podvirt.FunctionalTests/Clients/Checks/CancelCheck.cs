namespace Podvirt.FunctionalTests.Clients.Checks;

/// <summary>A client that leaves stops its engine, and what it had read is billed.</summary>
internal sealed class CancelCheck(MatrixServer server) : Check
{
    private const int Read = 10;

    public override Column Column => Column.Cancel;

    public override async Task<string> SeeAsync(Row row)
    {
        var key = await server.MakeKeyAsync($"{row.Client.Name} {row.Surface.Name} leaves");
        var way = row.Surface.HasJobs ? Way.Plain : Way.Stream;
        var seen = await row.Client.CallAsync(
            new Call(server.Address, row.Surface.Name, way, row.Surface.Endless, key.Secret, row.Surface.LongPrompt, LeaveAfter: Read), Ignore);
        Assert.True(seen.Error is null && (row.Surface.HasJobs || seen.Parts >= Read), seen.ToString());
        await Until.TrueAsync(async () => await server.InFlightAsync(row.Surface.Endless) == 0, () => "Its place is still taken.");
        if (!row.Surface.HasJobs)
        {
            await Until.TrueAsync(async () => await server.RunningAsync(row.Surface.Endless) == 0, () => "The engine runs on.");
        }
        var record = await server.RecordAsync(key);
        Assert.Equal((row.Surface.Name, "cancelled"), ((string)record["surface"]!, (string)record["outcome"]!));
        if ((string)record["usage_source"]! == "none")
        {
            return "stops; nothing billed";
        }
        if ((long)record["completion_tokens"]! == 0)
        {
            // Its engine counts what it generates at the end only.
            Assert.True((long)record["prompt_tokens"]! > 0, record.ToJsonString());
            return "stops; prompt billed";
        }
        Assert.InRange((long)record["completion_tokens"]!, seen.Parts, MatrixModels.EndlessTokens / 2);
        return "stops; billed as read";
    }
}
