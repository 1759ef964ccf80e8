namespace Podvirt.Core.Models;

/// <summary>The key that an engine asks for, as it travels in <c>Authorization: Bearer</c>.</summary>
public static class EngineKey
{
    /// <summary>As it is used: a file or a shell leaves a line's end or a blank around it easily. Empty: there is none.</summary>
    public static string Read(string? value) => value?.Trim() ?? "";

    /// <summary>
    /// Printable ASCII without blanks, or empty. Anything else would be refused by every engine, and a line break would write
    /// headers of its own into each request.
    /// </summary>
    public static bool IsUsable(string key) => key.AsSpan().IndexOfAnyExceptInRange('!', '~') < 0;
}
