using System.Text.RegularExpressions;

namespace Podvirt.TidyTests;

public partial class SourceTests
{
    private const int LinesMax = 500;

    // Words a finished tree does not hold. Spelled apart, so that this file does not hold them either.
    private static readonly string[] s_unfinished = ["TO" + "DO", "FIX" + "ME", "HA" + "CK:", "NotImplemented" + "Exception", "not yet " + "implemented"];

    // Drawers into which anything fits tell nothing.
    private static readonly string[] s_drawers = ["Infrastructure", "Utils", "Util", "Common", "Helpers", "Helper", "Misc", "Shared"];

    // Where something was made or fetched from is nobody's business in the tree.
    private static readonly string[] s_places = ["registry.npm" + "js.org", "api.nu" + "get.org", "/wo" + "rk/", "/ro" + "ot/", "/ho" + "me/"];

    private static IEnumerable<string> Sources => SourceTree.Files.Where(SourceTree.IsSource);

    [Fact]
    public void SourceFile_HasAtMostFiveHundredLines() =>
        Assert.Empty(Sources.Select(f => (File: f, Lines: SourceTree.ReadLines(f).Length)).Where(f => f.Lines > LinesMax));

    [Fact]
    public void SourceFile_HoldsNothingUnfinished() => Assert.Empty(Hits(Sources, s_unfinished));

    [Fact]
    public void TextFile_NamesNoRegistryAndNoMachine() =>
        Assert.Empty(Hits(SourceTree.Files.Where(f => Path.GetExtension(f) is not (".png" or ".ico" or ".woff2")), s_places));

    [Fact]
    public void FolderOrFile_IsNoDrawer() => Assert.Empty(
        SourceTree.Files.Where(f => f.Split('/').Any(part => s_drawers.Contains(Path.GetFileNameWithoutExtension(part), StringComparer.OrdinalIgnoreCase))));

    [Fact]
    public void Catch_IsNeverEmpty() => Assert.Empty(Matches(".cs", EmptyCatch()));

    [Fact]
    public void Region_IsNotUsed() => Assert.Empty(Matches(".cs", Region()));

    [Fact]
    public void Test_NeverSleeps() => Assert.Empty(
        Matches(".cs", Sleep()).Where(m => m.StartsWith("tests/", StringComparison.Ordinal)));

    [Fact]
    public void TestName_SaysTriggerAndOutcome() => Assert.Empty(
        from file in SourceTree.Files
        where file.StartsWith("tests/", StringComparison.Ordinal) && file.EndsWith("Tests.cs", StringComparison.Ordinal)
        from match in TestMethod().Matches(SourceTree.Read(file))
        where !match.Groups["name"].Value.Contains('_')
        select $"{file}: {match.Groups["name"].Value}");

    [Fact]
    public void LogEventIds_AreNeverReused()
    {
        var reused =
            from file in SourceTree.Files
            where file.StartsWith("src/", StringComparison.Ordinal) && file.EndsWith(".cs", StringComparison.Ordinal)
            from match in LogEvent().Matches(SourceTree.Read(file))
            group file by match.Groups["id"].Value into uses
            where uses.Count() > 1
            select $"{uses.Key}: {string.Join(", ", uses)}";
        Assert.Empty(reused);
    }

    private static IEnumerable<string> Hits(IEnumerable<string> files, string[] words) =>
        from file in files
        let lines = SourceTree.ReadLines(file)
        from number in Enumerable.Range(0, lines.Length)
        from word in words
        where lines[number].Contains(word, StringComparison.Ordinal)
        select $"{file}:{number + 1}: {word}";

    private static IEnumerable<string> Matches(string extension, Regex pattern) =>
        from file in SourceTree.Files
        where file.EndsWith(extension, StringComparison.Ordinal)
        from match in pattern.Matches(SourceTree.Read(file))
        select $"{file}: {match.Value.Trim()}";

    [GeneratedRegex(@"catch\s*(\([^)]*\))?\s*(when\s*\([^{]*\))?\s*\{\s*\}", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex EmptyCatch();

    [GeneratedRegex(@"^\s*#region\b", RegexOptions.Multiline, 5000)]
    private static partial Regex Region();

    [GeneratedRegex(@"\bThread\.Sleep\(|\bTask\.Delay\(\s*\d", RegexOptions.None, 5000)]
    private static partial Regex Sleep();

    [GeneratedRegex(@"\[(Fact|Theory)[^\]]*\](\s*\[[^\n]*\])*\s*public\s+(async\s+)?(void|Task|ValueTask)\s+(?<name>\w+)", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex TestMethod();

    [GeneratedRegex(@"\[LoggerMessage\(\s*(EventId\s*=\s*)?(?<id>\d+)", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex LogEvent();
}
