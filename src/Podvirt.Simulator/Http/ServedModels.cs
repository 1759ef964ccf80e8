using Podvirt.Simulator.Options;

namespace Podvirt.Simulator.Http;

/// <summary>The names under which the one model is served, and what it can do.</summary>
internal sealed class ServedModels(SimulatorOptions options, long created)
{
    /// <summary>The name to answer under: the asked one, or the first when none was asked for.</summary>
    /// <exception cref="RequestException">The model is not served here.</exception>
    public string Resolve(string? asked)
    {
        if (string.IsNullOrEmpty(asked))
        {
            return options.ServedModelNames[0];
        }

        return options.ServedModelNames.Contains(asked) ? asked : throw RequestException.UnknownModel(asked);
    }

    /// <exception cref="RequestException">The model is of this kind, which an API does not support.</exception>
    public void Refuse(ModelKind kind, string api)
    {
        if (options.Kind == kind)
        {
            throw RequestException.Bad($"The model does not support {api}");
        }
    }

    public Task ListAsync(HttpContext context) => Json.ReplyAsync(context, writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("object", "list");
        writer.WriteStartArray("data");
        foreach (var name in options.ServedModelNames)
        {
            writer.WriteStartObject();
            writer.WriteString("id", name);
            writer.WriteString("object", "model");
            writer.WriteNumber("created", created);
            writer.WriteString("owned_by", "vllm");
            writer.WriteString("root", options.Model);
            writer.WriteNull("parent");
            writer.WriteNumber("max_model_len", options.MaxModelLength);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    });
}
