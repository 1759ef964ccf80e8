using System.Runtime.InteropServices;
using System.Text.Json;
using Podvirt.Simulator.Completions;
using Podvirt.Simulator.Engine;
using Podvirt.Simulator.Faults;
using Podvirt.Simulator.Http;
using Podvirt.Simulator.Options;

namespace Podvirt.Simulator.Embeddings;

/// <summary><c>POST /v1/embeddings</c>: no tokens are generated, so a request is a prefill and nothing else.</summary>
internal sealed class EmbeddingEndpoint(SimulatedEngine engine, ServedModels models)
{
    public async Task HandleAsync(HttpContext context)
    {
        using var document = await Json.ReadAsync(context);
        var fields = new Fields(document.RootElement);
        var inputs = CompletionEndpoint.ReadPrompts(fields.Need("input"));
        var model = models.Resolve(fields.Text("model"));
        models.Refuse(ModelKind.Chat, "Embeddings API");
        models.Refuse(ModelKind.Code, "Embeddings API");
        var base64 = fields.Text("encoding_format") switch
        {
            null or "float" => false,
            "base64" => true,
            var format => throw RequestException.Malformed($"Input should be 'float' or 'base64', got '{format}'", "encoding_format"),
        };
        var dimensions = fields.Whole("dimensions") ?? EmbeddingModel.Dimensions;
        if (dimensions is < 1 or > EmbeddingModel.Dimensions)
        {
            throw RequestException.Bad($"dimensions must be from 1 to {EmbeddingModel.Dimensions}, got {dimensions}.", "dimensions");
        }

        var total = 0;
        foreach (var input in inputs)
        {
            total += input.Tokens.Length;
            if (input.Tokens.Length > engine.Options.MaxModelLength)
            {
                throw RequestException.Bad(
                    $"This model's maximum context length is {engine.Options.MaxModelLength} tokens. However, your request has "
                    + $"{input.Tokens.Length} input tokens. Please reduce the length of the input.", "input");
            }
        }

        var noUsage = engine.Faults.Take(FaultNames.NoUsage) is not null;
        var sequences = Array.ConvertAll(inputs, input => input.Tokens);
        if (await engine.ComputeAsync(sequences, context.RequestAborted) is var outcome && outcome != GenerationOutcome.Completed)
        {
            if (outcome == GenerationOutcome.Aborted)
            {
                throw RequestException.Engine("The request was aborted by the engine.");
            }

            return;
        }

        var valid = engine.Model.WeightsValid;
        var head = ReplyHead.Create(context, "embd-", "list", model, engine.Time);
        await Json.ReplyAsync(context, writer =>
        {
            writer.WriteStartObject();
            head.Write(writer);
            writer.WriteStartArray("data");
            for (var i = 0; i < sequences.Length; i++)
            {
                WriteEmbedding(writer, i, EmbeddingModel.Embed(sequences[i], (int)dimensions, valid), base64);
            }

            writer.WriteEndArray();
            if (!noUsage)
            {
                new ReplyUsage(total, 0, null).Write(writer);
            }

            writer.WriteEndObject();
        });
    }

    private static void WriteEmbedding(Utf8JsonWriter writer, int index, float[] vector, bool base64)
    {
        writer.WriteStartObject();
        writer.WriteNumber("index", index);
        writer.WriteString("object", "embedding");
        if (base64)
        {
            // Little-endian 32-bit floats, as clients decode them.
            writer.WriteBase64String("embedding", MemoryMarshal.AsBytes<float>(vector));
        }
        else
        {
            writer.WriteStartArray("embedding");
            foreach (var value in vector)
            {
                writer.WriteNumberValue(value);
            }

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }
}
