namespace Podvirt.FunctionalTests.Clients.Checks;

/// <summary>The usage that a client shows is what the ledger has.</summary>
internal sealed class UsageCheck(Answers answers) : Check
{
    public override Column Column => Column.Usage;

    public override async Task<string> SeeAsync(Row row)
    {
        List<Way> shown = [];
        foreach (var way in row.Ways)
        {
            var answer = await answers.OfAsync(row, way);
            Assert.Equal("engine", (string)answer.Record!["usage_source"]!);
            Assert.True(answer.Billed.Prompt > 0, answer.Record.ToJsonString());
            if (answer.Seen.Usage is { } usage)
            {
                Assert.Equal(answer.Billed, usage);
                shown.Add(way);
            }
        }
        return shown.Count == 0 ? "not shown" : Cells.WaysOf(shown);
    }
}
