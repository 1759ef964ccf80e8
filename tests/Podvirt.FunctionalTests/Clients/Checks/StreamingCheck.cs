namespace Podvirt.FunctionalTests.Clients.Checks;

/// <summary>A stream comes as it is made, and is the plain answer: both are asked for at temperature 0.</summary>
internal sealed class StreamingCheck(Answers answers) : Check
{
    // How much of the time in which the tokens were made must have passed between the first and the last that the client saw.
    private const double SpreadMin = 0.5;

    public override Column Column => Column.Streaming;

    public override async Task<string> SeeAsync(Row row)
    {
        var streamed = await answers.OfAsync(row, Way.Stream);
        var plain = await answers.OfAsync(row, Way.Plain);
        Assert.Equal(plain.Seen.Text, streamed.Seen.Text);
        var tokens = streamed.IsCounted ? streamed.Billed.Completion : streamed.Seen.Parts;
        Assert.True(tokens > 20, streamed.ToString());
        Assert.True(streamed.Seen.Parts >= tokens / 2, $"{streamed.Seen.Parts} parts of {tokens} tokens");
        var made = tokens * MatrixModels.TokenMs;
        var seen = streamed.Seen.LastMs - streamed.Seen.FirstMs;
        Assert.True(seen >= made * SpreadMin, $"{tokens} tokens were made in {made} ms and came within {seen} ms");
        return Cells.Yes;
    }
}
