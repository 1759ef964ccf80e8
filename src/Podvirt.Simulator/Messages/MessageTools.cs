using Podvirt.Simulator.Http;
using Podvirt.Simulator.Options;
using Podvirt.Simulator.Tools;

namespace Podvirt.Simulator.Messages;

/// <summary>The functions of a message and how it wants them used, in Anthropic's words.</summary>
internal static class MessageTools
{
    public static ToolUse Read(Fields fields, SimulatorOptions options)
    {
        var tools = ToolUse.ReadTools(fields, tool => Tool.Read(tool, "input_schema"));
        var use = (fields.Group("tool_choice") is { } choice ? Read(choice, tools) : new ToolUse(tools, tools.Count > 0 ? ToolChoice.Auto : ToolChoice.None))
            .Checked();
        use.CheckAuto(options);
        return use;
    }

    private static ToolUse Read(Fields choice, IReadOnlyList<Tool> tools) => choice.Text("type") switch
    {
        "auto" => new ToolUse(tools, ToolChoice.Auto),
        "any" => new ToolUse(tools, ToolChoice.Required),
        "none" => new ToolUse(tools, ToolChoice.None),
        "tool" when choice.Text("name") is { Length: > 0 } name => new ToolUse(tools, ToolChoice.Named, name),
        "tool" => throw RequestException.Malformed("Value error, tool_choice.name is required when type is 'tool'", "tool_choice"),
        var type => throw RequestException.Malformed($"Input should be 'auto', 'any', 'tool' or 'none', got '{type}'", "tool_choice"),
    };
}
