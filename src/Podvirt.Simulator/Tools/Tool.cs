using System.Text.Json;
using Podvirt.Simulator.Http;

namespace Podvirt.Simulator.Tools;

/// <summary>A function that the model may call.</summary>
/// <param name="Parameters">The JSON schema of its arguments.</param>
internal sealed record Tool(string Name, string Description, JsonElement Parameters)
{
    private static readonly JsonElement _noParameters = JsonDocument.Parse("""{"type":"object","properties":{}}""").RootElement;

    /// <summary>As the template shows it to the model.</summary>
    public string Text => $"{{\"name\": \"{Name}\", \"description\": \"{Description}\", \"parameters\": {Parameters.GetRawText()}}}";

    /// <summary>A function as chat completions and responses describe it.</summary>
    public static Tool Read(Fields function) => Read(function, "parameters");

    /// <param name="schemaName">The member that holds the schema.</param>
    public static Tool Read(Fields function, string schemaName)
    {
        var schema = function.Find(schemaName);
        if (schema is { ValueKind: not JsonValueKind.Object })
        {
            throw RequestException.Malformed($"Input should be a valid dictionary: {schemaName}", "tools");
        }

        return new Tool(
            Fields.TextOf(function.Need("name"), "name"), function.Text("description") ?? "", schema?.Clone() ?? _noParameters);
    }
}

/// <summary>A call of a function, as a conversation repeats it.</summary>
internal sealed record ToolCall(string Name, string Arguments);
