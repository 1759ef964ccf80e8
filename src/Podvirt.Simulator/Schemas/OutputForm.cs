using System.Text.Json;
using Podvirt.Simulator.Http;
using Podvirt.Simulator.Language;

namespace Podvirt.Simulator.Schemas;

/// <summary>The form that a request gives the answer: a value of a schema, or one of some texts.</summary>
internal sealed class OutputForm
{
    private static readonly JsonElement _anyObject = JsonDocument.Parse(
        """{"type":"object","properties":{"subject":{"type":"string"},"details":{"type":"array","items":{"type":"string"}}},"required":["subject"]}""").RootElement;

    private readonly Schema? _schema;
    private readonly string[] _choices;

    private OutputForm(Schema? schema, string[] choices)
    {
        _schema = schema;
        _choices = choices;
    }

    public Script ScriptFor(Topic topic) => _schema is { } schema
        ? chooser => [(Part.Answer, new SchemaWriter(schema, topic, chooser).Write())]
        : chooser => [(Part.Answer, chooser.Pick(_choices))];

    /// <summary>Of a chat completion: <c>response_format</c>, or what is vLLM's own.</summary>
    /// <returns>Null when the answer is free.</returns>
    public static OutputForm? ReadChat(Fields fields)
    {
        if (fields.Group("response_format") is not { } format)
        {
            return ReadOwn(fields);
        }

        switch (format.Text("type"))
        {
            case "text":
                return ReadOwn(fields);
            case "json_object":
                return OfSchema(_anyObject, "response_format");
            case "json_schema":
                var named = format.Group("json_schema") ?? throw RequestException.Malformed("Field required: json_schema", "response_format");
                return OfSchema(named.Need("schema"), "response_format");
            case "structural_tag":
                throw RequestException.NotImplemented("The simulated engine has no structural tags.", "response_format");
            default:
                throw RequestException.Malformed("Input should be 'text', 'json_object', 'json_schema' or 'structural_tag': type", "response_format");
        }
    }

    /// <summary>Of a response: <c>text.format</c>, or what is vLLM's own.</summary>
    public static OutputForm? ReadResponse(Fields fields)
    {
        var format = fields.Group("text")?.Group("format");
        return format?.Text("type") switch
        {
            "json_schema" => OfSchema(format.Value.Need("schema"), "text"),
            "json_object" => OfSchema(_anyObject, "text"),
            _ => ReadOwn(fields),
        };
    }

    /// <summary>Of a message: <c>output_config.format</c>.</summary>
    public static OutputForm? ReadMessage(Fields fields) =>
        fields.Group("output_config")?.Group("format")?.Find("schema") is { } schema ? OfSchema(schema, "output_config") : null;

    /// <summary><c>structured_outputs</c>, and the names that its members had before: <c>guided_json</c> and so on.</summary>
    private static OutputForm? ReadOwn(Fields fields)
    {
        var own = fields.Group("structured_outputs");
        JsonElement? Find(string name) => own?.Find(name) ?? fields.Find($"guided_{name}");
        foreach (var name in (string[])["regex", "grammar", "structural_tag"])
        {
            if (Find(name) is not null)
            {
                throw RequestException.NotImplemented($"The simulated engine follows no {name}.", "structured_outputs");
            }
        }

        if (Find("json") is { } schema)
        {
            return OfSchema(schema, "structured_outputs");
        }

        if (Find("json_object") is { ValueKind: JsonValueKind.True })
        {
            return OfSchema(_anyObject, "structured_outputs");
        }

        if (Find("choice") is not { } choices)
        {
            return null;
        }

        return choices.ValueKind == JsonValueKind.Array && choices.GetArrayLength() > 0
            ? new OutputForm(null, [.. choices.EnumerateArray().Select(choice => Fields.TextOf(choice, "choice"))])
            : throw RequestException.Malformed("Input should be a list of strings: choice", "structured_outputs");
    }

    private static OutputForm OfSchema(JsonElement schema, string parameter) => new(Schema.Read(schema, parameter), []);
}
