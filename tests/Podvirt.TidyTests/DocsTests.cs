using System.Text.RegularExpressions;

namespace Podvirt.TidyTests;

public partial class DocsTests
{
    private static readonly string[] s_roots = ["src/", "tests/", "docs/", "samples/", "perf/", "nomad/", ".ci/", ".config/"];

    private static IEnumerable<string> Docs => SourceTree.Files.Where(f => f.EndsWith(".md", StringComparison.Ordinal));

    [Fact]
    public void PathInDocs_Exists() => Assert.Empty(
        from doc in Docs
        from match in CodeSpan().Matches(SourceTree.Read(doc))
        let path = match.Groups["text"].Value.Split(' ')[0].TrimEnd('/', '.', ',')
        where s_roots.Any(r => path.StartsWith(r, StringComparison.Ordinal)) && !path.Contains('*') && !path.Contains('<')
        // From the root, or from where the page lies.
        where !SourceTree.Exists(path) && !SourceTree.Exists(Path.Combine(Path.GetDirectoryName(doc)!, path))
        select $"{doc}: {path}");

    [Fact]
    public void LinkInDocs_LeadsSomewhere() => Assert.Empty(
        from doc in Docs
        from match in Link().Matches(SourceTree.Read(doc))
        let target = match.Groups["target"].Value.Split('#')[0]
        where target.Length > 0 && !target.Contains("://", StringComparison.Ordinal)
        let path = Path.GetRelativePath(SourceTree.Root, Path.GetFullPath(Path.Combine(SourceTree.Root, Path.GetDirectoryName(doc)!, target)))
        where !SourceTree.Exists(path)
        select $"{doc}: {target}");

    [Fact]
    public void Readme_FitsOneScreen() => Assert.InRange(SourceTree.ReadLines("README.md").Length, 10, 60);

    [GeneratedRegex("`(?<text>[^`\n]+)`", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex CodeSpan();

    [GeneratedRegex(@"\]\((?<target>[^)\s]+)\)", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Link();
}
