using System.Collections;

namespace Podvirt.Scheduler.Runtimes.Local;

/// <summary>What a child inherits.</summary>
internal static class ChildEnvironment
{
    /// <summary>Ours alone: switches of this process, and everything that may hold a secret of it.</summary>
    public static Dictionary<string, string> Build(IDictionary ours, IReadOnlyDictionary<string, string> added)
    {
        var result = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (DictionaryEntry entry in ours)
        {
            var name = (string)entry.Key;
            if (name != "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS" && !name.StartsWith("PODVIRT_", StringComparison.Ordinal))
            {
                result[name] = (string?)entry.Value ?? "";
            }
        }

        foreach (var (name, value) in added)
        {
            result[name] = value;
        }

        return result;
    }
}
