namespace Podvirt.Fuzz;

/// <summary>
/// The committed samples, a folder for each target: made by hand, taken from real engines and clients, or once found by
/// fuzzing. Read from the source tree, so that a new sample needs no build.
/// </summary>
internal static class Corpus
{
    private static readonly string s_root = FindRoot();

    /// <summary>Where findings are written.</summary>
    public static string Findings => Path.Combine(s_root, "artifacts", "fuzz");

    public static IEnumerable<string> NamesOf(FuzzTarget target) =>
        Directory.EnumerateFiles(FolderOf(target)).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal);

    public static byte[] Read(FuzzTarget target, string name) => File.ReadAllBytes(Path.Combine(FolderOf(target), name));

    private static string FolderOf(FuzzTarget target) => Path.Combine(s_root, "tests", "Podvirt.Fuzz", "corpus", target.Name);

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Podvirt.sln")))
        {
            folder = folder.Parent;
        }
        return folder?.FullName ?? throw new InvalidOperationException("No Podvirt.sln above this program.");
    }
}
