using Podvirt.Simulator.Chat;
using Podvirt.Simulator.Http;
using Podvirt.Simulator.Options;
using Podvirt.Simulator.Tools;

namespace Podvirt.Simulator.Tokens;

/// <summary><c>POST /tokenize</c> and <c>POST /detokenize</c>. They answer while the engine sleeps, too.</summary>
internal sealed class TokenEndpoints(SimulatorOptions options, ServedModels models)
{
    public async Task TokenizeAsync(HttpContext context)
    {
        using var document = await Json.ReadAsync(context);
        var fields = new Fields(document.RootElement);
        models.Resolve(fields.Text("model"));
        IReadOnlyList<int> tokens = fields.Find("messages") is { } messages
            ? ChatTemplate.Render(ChatTemplate.Read(messages), ToolUse.ReadFunctions(fields)).Tokens
            : Tokenizer.Encode(Fields.TextOf(fields.Need("prompt"), "prompt"));
        var texts = fields.Flag("return_token_strs");
        await Json.ReplyAsync(context, writer =>
        {
            writer.WriteStartObject();
            writer.WriteNumber("count", tokens.Count);
            writer.WriteNumber("max_model_len", options.MaxModelLength);
            writer.WriteStartArray("tokens");
            foreach (var token in tokens)
            {
                writer.WriteNumberValue(token);
            }

            writer.WriteEndArray();
            if (texts)
            {
                writer.WriteStartArray("token_strs");
                foreach (var token in tokens)
                {
                    writer.WriteStringValue(Tokenizer.Decode(token));
                }

                writer.WriteEndArray();
            }

            writer.WriteEndObject();
        });
    }

    public async Task DetokenizeAsync(HttpContext context)
    {
        using var document = await Json.ReadAsync(context);
        var fields = new Fields(document.RootElement);
        models.Resolve(fields.Text("model"));
        var text = string.Concat(Fields.WholesOf(fields.Need("tokens"), "tokens").Select(DecodeKnown));
        await Json.ReplyAsync(context, writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("prompt", text);
            writer.WriteEndObject();
        });
    }

    public static string DecodeKnown(int token) =>
        Tokenizer.Decode(token) ?? throw RequestException.Bad($"Token id {token} is out of vocabulary", "prompt");
}
