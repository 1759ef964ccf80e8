using System.Reflection;
using Podvirt.Core.Usage;

namespace Podvirt.Core.Tests;

public sealed class DependencyTests
{
    private static readonly string[] s_references =
        [.. typeof(Rate).Assembly.GetReferencedAssemblies().Select(a => a.Name ?? "")];

    [Fact]
    public void Core_ReferencesNoOtherRoom() =>
        Assert.DoesNotContain(s_references, name => name.StartsWith("Podvirt", StringComparison.Ordinal));

    [Fact]
    public void Core_ReferencesOnlyTheBaseLibraries() =>
        Assert.All(s_references, name => Assert.StartsWith("System.", name, StringComparison.Ordinal));

    [Fact]
    public void Core_HasNoSocketsFilesOrClockOfItsOwn() =>
        Assert.DoesNotContain(s_references, name => name.StartsWith("System.Net", StringComparison.Ordinal)
            || name is "System.IO.Pipelines" or "System.Diagnostics.Process" or "System.Threading.Timer");

    [Fact]
    public void PublicTypes_LieInTheFoldersOfTheDesign()
    {
        var folders = typeof(Rate).Assembly.GetExportedTypes().Select(t => t.Namespace).Distinct(StringComparer.Ordinal);
        Assert.All(folders, name => Assert.StartsWith("Podvirt.Core.", name, StringComparison.Ordinal));
    }
}
