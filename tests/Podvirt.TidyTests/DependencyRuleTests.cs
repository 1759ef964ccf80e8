using System.Xml.Linq;

namespace Podvirt.TidyTests;

public class DependencyRuleTests
{
    // Who may reference whom. Rooms meet through Core's messages and Messaging's seams; only Podvirt sees them all.
    private static readonly Dictionary<string, string[]> s_allowed = new(StringComparer.Ordinal)
    {
        ["Podvirt.Core"] = [],
        ["Podvirt.Messaging"] = ["Podvirt.Core"],
        ["Podvirt.Gateway"] = ["Podvirt.Core", "Podvirt.Messaging"],
        ["Podvirt.Scheduler"] = ["Podvirt.Core", "Podvirt.Messaging"],
        ["Podvirt.Metering"] = ["Podvirt.Core", "Podvirt.Messaging"],
        ["Podvirt.Simulator"] = [],
        ["Podvirt"] = ["Podvirt.Core", "Podvirt.Messaging", "Podvirt.Gateway", "Podvirt.Scheduler", "Podvirt.Metering", "Podvirt.Simulator"],
        ["Podvirt.Server"] = ["Podvirt"],
    };

    public static TheoryData<string> ProductProjects =>
        [.. SourceTree.Files.Where(f => f.StartsWith("src/", StringComparison.Ordinal) && f.EndsWith(".csproj", StringComparison.Ordinal))];

    [Theory]
    [MemberData(nameof(ProductProjects))]
    public void ProductProject_ReferencesOnlyWhatTheRuleAllows(string project)
    {
        var name = Path.GetFileNameWithoutExtension(project);
        Assert.True(s_allowed.ContainsKey(name), $"{name} is not in the dependency rule: say here what it may reference.");

        var references = XDocument.Parse(SourceTree.Read(project)).Descendants("ProjectReference")
            .Select(r => Path.GetFileNameWithoutExtension(r.Attribute("Include")!.Value.Replace('\\', '/')));
        Assert.Empty(references.Except(s_allowed[name], StringComparer.Ordinal));
    }

    [Fact]
    public void Core_ReferencesNoPackage() =>
        Assert.Empty(XDocument.Parse(SourceTree.Read("src/Podvirt.Core/Podvirt.Core.csproj")).Descendants("PackageReference"));

    [Fact]
    public void EveryProject_IsInTheSolution()
    {
        var solution = SourceTree.Read("Podvirt.sln").Replace('\\', '/');
        var missing = SourceTree.Files.Where(f => f.EndsWith(".csproj", StringComparison.Ordinal) && !solution.Contains(f, StringComparison.Ordinal));
        Assert.Empty(missing);
    }

    [Fact]
    public void Versions_StandInOnePlace()
    {
        var pinnedApart =
            from file in SourceTree.Files
            where file.EndsWith(".csproj", StringComparison.Ordinal)
            from reference in XDocument.Parse(SourceTree.Read(file)).Descendants("PackageReference")
            where reference.Attribute("Version") is not null
            select $"{file}: {reference.Attribute("Include")!.Value}";
        Assert.Empty(pinnedApart);
    }
}
