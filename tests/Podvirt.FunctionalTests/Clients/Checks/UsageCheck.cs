namespace Podvirt.FunctionalTests.Clients.Checks;

/// <summary>The usage that a client shows is what the ledger has.</summary>
internal sealed class UsageCheck(Answers answers) : Check
{
    public override Column Column => Column.Usage;

    public override async Task<string> SeeAsync(Row row)
    {
        List<Way> shown = [];
        var counted = 0;
        foreach (var way in row.Ways)
        {
            var answer = await answers.OfAsync(row, way);
            if (!answer.IsCounted)
            {
                Assert.Equal("none", (string)answer.Record!["usage_source"]!);
                Assert.Equal((new Counts(0, 0), null), (answer.Billed, answer.Seen.Usage));
                continue;
            }
            counted++;
            Assert.True(answer.Billed is { Prompt: > 0 } or { VideoUs: > 0 }, answer.Record!.ToJsonString());
            if (answer.Seen.Usage is { } usage)
            {
                Assert.Equal(answer.Billed, usage);
                shown.Add(way);
            }
        }
        return shown.Count > 0 ? Cells.WaysOf(shown) : counted > 0 ? "not shown" : "not counted";
    }
}
