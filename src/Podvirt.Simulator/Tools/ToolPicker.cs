using Podvirt.Simulator.Chat;

namespace Podvirt.Simulator.Tools;

/// <summary>
/// Which functions the model calls, by a rule that tests can foresee: those whose name stands in the last turn, or all of whose words do,
/// apart from the verb in front (<c>get_weather</c>: any question with "weather"). A turn that brings results is answered in words. Where a
/// call is required and no name fits, it is the first function.
/// </summary>
internal static class ToolPicker
{
    private static readonly HashSet<string> _verbs = new(StringComparer.OrdinalIgnoreCase)
    {
        "add", "ask", "call", "calculate", "check", "compute", "create", "do", "fetch", "find", "get", "list", "look", "lookup", "make", "open",
        "query", "read", "run", "search", "send", "set", "show", "start", "update", "use", "write",
    };

    public static IReadOnlyList<Tool> Pick(ToolUse use, IReadOnlyList<ChatMessage> conversation)
    {
        if (use.Choice == ToolChoice.None)
        {
            return [];
        }

        if (use.Choice == ToolChoice.Named)
        {
            return [use.Tools.First(tool => tool.Name == use.Name)];
        }

        var last = conversation[^1];
        IReadOnlyList<Tool> fitting = last.Role == "user" ? [.. use.Tools.Where(tool => Fits(tool.Name, last.Text))] : [];
        if (fitting.Count == 0 && use.Choice == ToolChoice.Required)
        {
            fitting = [use.Tools[0]];
        }

        return use.Parallel ? fitting : [.. fitting.Take(1)];
    }

    private static bool Fits(string name, string text)
    {
        bool Has(string word) => text.Contains(word, StringComparison.OrdinalIgnoreCase);
        if (Has(name))
        {
            return true;
        }

        var words = Words(name);
        var telling = words.Count > 1 && _verbs.Contains(words[0]) ? words[1..] : words;
        return telling.TrueForAll(Has);
    }

    /// <summary>The words of <c>get_weather</c>, <c>get-weather</c> and <c>getWeather</c> alike.</summary>
    private static List<string> Words(string name)
    {
        var words = new List<string>();
        var start = 0;
        for (var i = 0; i <= name.Length; i++)
        {
            var ends = i == name.Length || !char.IsLetterOrDigit(name[i]) || (i > start && char.IsUpper(name[i]) && char.IsLower(name[i - 1]));
            if (!ends)
            {
                continue;
            }

            if (i > start)
            {
                words.Add(name[start..i]);
            }

            start = i < name.Length && char.IsLetterOrDigit(name[i]) ? i : i + 1;
        }

        return words;
    }
}
