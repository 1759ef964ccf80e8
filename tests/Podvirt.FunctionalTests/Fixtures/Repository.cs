using Podvirt.Testing;

namespace Podvirt.FunctionalTests.Fixtures;

/// <summary>Where things lie in the checkout that these tests were built from.</summary>
public static class Repository
{
    public static string Root => Checkout.Root;

    /// <summary>A file of another project's output, in the configuration that the tests themselves were built in.</summary>
    public static string Output(string project, string file)
    {
        // …/bin/<configuration>/<framework>/
        var framework = new DirectoryInfo(AppContext.BaseDirectory);
        return Path.Combine(Root, project, "bin", framework.Parent!.Name, framework.Name, file);
    }
}
