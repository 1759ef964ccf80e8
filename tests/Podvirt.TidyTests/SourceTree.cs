using System.Runtime.CompilerServices;

namespace Podvirt.TidyTests;

/// <summary>The repository's own files: everything but what builds and runs leave behind.</summary>
internal static class SourceTree
{
    private static readonly HashSet<string> s_leftOut = new(StringComparer.Ordinal)
    {
        ".git", "bin", "obj", "node_modules", "dist", "artifacts", "data", "TestResults",
    };

    public static string Root { get; } = FindRoot();

    /// <summary>Paths from the root, with forward slashes.</summary>
    public static IReadOnlyList<string> Files { get; } =
        [.. Walk(new DirectoryInfo(Root)).Select(f => Path.GetRelativePath(Root, f.FullName).Replace('\\', '/')).Order(StringComparer.Ordinal)];

    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    public static string[] ReadLines(string path) => File.ReadAllLines(Path.Combine(Root, path));

    public static bool IsSource(string path) =>
        Path.GetExtension(path) is ".cs" or ".ts" or ".tsx" or ".mjs" or ".js" or ".cake" or ".css";

    public static bool Exists(string path) => File.Exists(Path.Combine(Root, path)) || Directory.Exists(Path.Combine(Root, path));

    private static IEnumerable<FileInfo> Walk(DirectoryInfo folder)
    {
        foreach (var file in folder.EnumerateFiles())
        {
            yield return file;
        }
        foreach (var child in folder.EnumerateDirectories().Where(d => !s_leftOut.Contains(d.Name)))
        {
            foreach (var file in Walk(child))
            {
                yield return file;
            }
        }
    }

    private static string FindRoot([CallerFilePath] string thisFile = "")
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Podvirt.sln")))
        {
            folder = folder.Parent;
        }
        return folder?.FullName ?? throw new InvalidOperationException($"No Podvirt.sln above the test's output. Its source is {thisFile}.");
    }
}
