namespace Podvirt.FunctionalTests.Clients.Checks;

internal sealed class PlainCheck(Answers answers) : Check
{
    public override Column Column => Column.Plain;

    public override async Task<string> SeeAsync(Row row)
    {
        var answer = await answers.OfAsync(row, Way.Plain);
        Assert.Equal(1, answer.Seen.Parts);
        return Cells.Yes;
    }
}
