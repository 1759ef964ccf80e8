namespace Podvirt.Fuzz;

/// <summary>The committed corpus in every split, and a few seconds of fuzzing for each target.</summary>
public sealed class FuzzTests
{
    // One seed that is always the same and one that nobody has tried: new code meets known and unknown inputs.
    private const int KnownSeed = 20_261;

    private static readonly TimeSpan s_budgetForEachSeed = TimeSpan.FromSeconds(2.5);

    public static TheoryData<string> Targets => [.. FuzzTargets.All.Select(t => t.Name)];

    public static TheoryData<string, string> Samples =>
        [.. FuzzTargets.All.SelectMany(t => Corpus.NamesOf(t).Select(n => new TheoryDataRow<string, string>(t.Name, n)))];

    [Theory]
    [MemberData(nameof(Samples))]
    public void SampleInEverySplit_GivesWhatItsReferenceFinds(string target, string sample)
    {
        var named = FuzzTargets.Named(target);
        named.Check(Corpus.Read(named, sample), Splitting.Every);
    }

    [Theory]
    [MemberData(nameof(Targets))]
    public void MutatedSamples_GiveWhatTheirReferenceFinds(string target)
    {
        foreach (var seed in (int[])[KnownSeed, Random.Shared.Next()])
        {
            var report = new FuzzLoop(FuzzTargets.Named(target), seed).Run(s_budgetForEachSeed);
            Console.WriteLine(report);
            Assert.True(report.Finding is null, report.ToString());
        }
    }
}
