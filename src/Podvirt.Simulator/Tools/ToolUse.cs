using System.Text.Json;
using Podvirt.Simulator.Chat;
using Podvirt.Simulator.Http;
using Podvirt.Simulator.Options;

namespace Podvirt.Simulator.Tools;

/// <summary>Whether the model may call functions.</summary>
internal enum ToolChoice
{
    None,

    /// <summary>When the question asks for one.</summary>
    Auto,

    /// <summary>One at least.</summary>
    Required,

    /// <summary>The one that is named.</summary>
    Named,
}

/// <summary>The functions of a request and how it wants them used.</summary>
/// <param name="Name">Of the function, when one is named.</param>
/// <param name="Parallel">Whether one reply may hold several calls.</param>
internal sealed record ToolUse(IReadOnlyList<Tool> Tools, ToolChoice Choice, string? Name = null, bool Parallel = true)
{
    public static readonly ToolUse Nothing = new([], ToolChoice.None);

    /// <summary>Of a chat completion: <c>tools</c>, <c>tool_choice</c>, <c>parallel_tool_calls</c>.</summary>
    public static ToolUse ReadChat(Fields fields, SimulatorOptions options)
    {
        var use = ReadChoice(fields, ReadFunctions(fields), choice => choice.Group("function") is { } function ? function.Text("name") : null);
        use.CheckAuto(options);
        return use;
    }

    /// <summary>The <c>tools</c> of a chat.</summary>
    public static IReadOnlyList<Tool> ReadFunctions(Fields fields) => ReadTools(
        fields, tool => Tool.Read(tool.Group("function") ?? throw RequestException.Malformed("Field required: function", "tools")));

    public static IReadOnlyList<Tool> ReadTools(Fields fields, Func<Fields, Tool?> read) => fields.Find("tools") switch
    {
        null => [],
        { ValueKind: JsonValueKind.Array } tools => [.. ChatContent.Parts(tools, "tools").Select(read).OfType<Tool>()],
        _ => throw RequestException.Malformed("Input should be a valid list: tools", "tools"),
    };

    /// <param name="nameOf">Finds the name in the object that a named choice is.</param>
    public static ToolUse ReadChoice(Fields fields, IReadOnlyList<Tool> tools, Func<Fields, string?> nameOf)
    {
        var parallel = !fields.Has("parallel_tool_calls") || fields.Flag("parallel_tool_calls");
        var (choice, name) = fields.Find("tool_choice") switch
        {
            null => (tools.Count > 0 ? ToolChoice.Auto : ToolChoice.None, null),
            { ValueKind: JsonValueKind.String } text => (Mode(text.GetString()!), null),
            { ValueKind: JsonValueKind.Object } named => (ToolChoice.Named, nameOf(new Fields(named))),
            _ => throw Invalid(),
        };
        return new ToolUse(tools, choice, name, parallel).Checked();
    }

    /// <exception cref="RequestException">The choice asks for functions that the request does not have.</exception>
    public ToolUse Checked()
    {
        if (Choice is ToolChoice.Required or ToolChoice.Named && Tools.Count == 0)
        {
            throw RequestException.Malformed("Value error, When using `tool_choice`, `tools` must be set.", "tool_choice");
        }

        return Choice != ToolChoice.Named || Tools.Any(tool => tool.Name == Name)
            ? this
            : throw RequestException.Malformed("Value error, The tool specified in `tool_choice` does not match any of the specified `tools`", "tool_choice");
    }

    /// <exception cref="RequestException">The engine was not started for free choice.</exception>
    public void CheckAuto(SimulatorOptions options)
    {
        if (Choice == ToolChoice.Auto && Tools.Count > 0 && !(options.AutoToolChoice && options.ToolCallParser is not null))
        {
            throw RequestException.Bad("\"auto\" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set", "tool_choice");
        }
    }

    private static ToolChoice Mode(string text) => text switch
    {
        "none" => ToolChoice.None,
        "auto" => ToolChoice.Auto,
        "required" => ToolChoice.Required,
        _ => throw Invalid(),
    };

    private static RequestException Invalid() => RequestException.Malformed(
        "Value error, Invalid value for `tool_choice`! Only named tools, \"none\", \"auto\" or \"required\" are supported.", "tool_choice");
}
