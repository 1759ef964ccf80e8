using System.Reflection;

namespace Podvirt.Server.Serving;

/// <summary>What the server says once it listens.</summary>
internal static class Banner
{
    public static string Version { get; } =
        typeof(Banner).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0.0.0";

    /// <summary>Of a process that serves requests.</summary>
    /// <param name="address">As a client on this machine reaches it.</param>
    /// <param name="consoleLink">Null: the console is off.</param>
    /// <param name="chatModel">Null: no model chats.</param>
    /// <param name="newKey">The key that this start made; null on later starts.</param>
    public static string Text(Uri address, string? consoleLink, string? chatModel, string? newKey)
    {
        var origin = address.GetLeftPart(UriPartial.Authority);
        var lines = new List<string> { $"  API      {origin}/v1" };
        if (consoleLink is not null)
        {
            lines.Add($"  Console  {consoleLink}");
            lines.Add("           (signs in once, within 15 minutes; 'podvirt console' makes another link)");
        }
        if (newKey is not null)
        {
            lines.Add($"  API key  {newKey}");
            lines.Add("           (shown only now; 'podvirt keys create NAME' makes another)");
        }
        if (chatModel is not null)
        {
            lines.AddRange(["", newKey is null ? "  Try it, with PODVIRT_API_KEY set to a key ('podvirt keys create NAME' makes one):" : "  Try it:", "", "  " + Curl(origin, chatModel, newKey)]);
        }
        return Framed(lines);
    }

    /// <summary>Of a part of a cluster that serves none.</summary>
    /// <param name="address">As a caller on this machine reaches it.</param>
    /// <param name="roles">What it does instead, as <c>--roles</c> takes it.</param>
    public static string TextOfPart(Uri address, string roles)
    {
        var origin = address.GetLeftPart(UriPartial.Authority);
        return Framed([$"  Roles    {roles}", $"  Health   {origin}/readyz", $"  Metrics  {origin}/metrics", "", "  Requests go to the cluster's gateways."]);
    }

    private static string Framed(IEnumerable<string> lines) =>
        string.Join(Environment.NewLine, ["", $"Podvirt {Version}", "", .. lines, "", "  Ctrl-C stops.", ""]);

    private static string Curl(string origin, string model, string? key)
    {
        // Double quotes let the shell fill in the variable; a key needs none of its help.
        var header = key is null ? "\"Authorization: Bearer $PODVIRT_API_KEY\"" : $"'Authorization: Bearer {key.Replace("'", "'\\''", StringComparison.Ordinal)}'";
        var body = $$"""{"model":"{{model}}","stream":true,"messages":[{"role":"user","content":"Why is the sky blue?"}]}""";
        return $"curl -N {origin}/v1/chat/completions -H {header} -H 'Content-Type: application/json' -d '{body}'";
    }
}
