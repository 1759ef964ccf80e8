using System.Text;
using System.Text.Json;
using CsCheck;
using Podvirt.Core.Requests;

namespace Podvirt.Core.Tests.Requests;

/// <summary>What <see cref="RequestPeeker"/> refuses, and in which words.</summary>
public sealed class RequestRefusalTests
{
    private const string Messages = "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]";

    [Theory]
    [InlineData("\"model\":5", "'model' must be a string.", "model")]
    [InlineData("\"model\":null", "'model' must be a string.", "model")]
    [InlineData("\"model\":{}", "'model' must be a string.", "model")]
    [InlineData("\"model\":\"\"", "'model' is empty. Name a model of GET /v1/models.", "model")]
    [InlineData("\"seed\":1", "'model' is missing. Name a model of GET /v1/models.", "model")]
    [InlineData("\"model\":\"a\",\"model\":\"b\"", "'model' is there twice: which one counts would be a guess.", "model")]
    [InlineData("\"model\":\"a\",\"mod\\u0065l\":\"b\"", "'model' is there twice: which one counts would be a guess.", "model")]
    [InlineData("\"mod\\u0065l\":\"a\",\"model\":5", "'model' is there twice: which one counts would be a guess.", "model")]
    public void WrongModel_IsRefused(string members, string message, string param) =>
        Refuses($"{{{members},{Messages}}}", message, param);

    [Theory]
    [InlineData("\"stream\":1", "'stream' must be true or false.", "stream")]
    [InlineData("\"stream\":\"true\"", "'stream' must be true or false.", "stream")]
    [InlineData("\"stream\":[]", "'stream' must be true or false.", "stream")]
    [InlineData("\"stream\":true,\"str\\u0065am\":true", "'stream' is there twice: which one counts would be a guess.", "stream")]
    [InlineData("\"stream\":null,\"stream\":true", "'stream' is there twice: which one counts would be a guess.", "stream")]
    [InlineData("\"stream_options\":{}", "'stream_options' is only allowed when 'stream' is true.", "stream_options")]
    [InlineData("\"stream_options\":{},\"stream\":false", "'stream_options' is only allowed when 'stream' is true.", "stream_options")]
    [InlineData("\"stream\":true,\"stream_options\":5", "'stream_options' must be an object.", "stream_options")]
    [InlineData("\"stream\":true,\"stream_options\":[]", "'stream_options' must be an object.", "stream_options")]
    [InlineData("\"stream\":true,\"stream_options\":null,\"stream_options\":{}", "'stream_options' is there twice: which one counts would be a guess.", "stream_options")]
    [InlineData("\"stream\":true,\"stream_options\":{},\"stream_option\\u0073\":{}", "'stream_options' is there twice: which one counts would be a guess.", "stream_options")]
    [InlineData("\"stream\":true,\"stream_options\":{\"include_usage\":1}", "'stream_options.include_usage' must be true or false.", "stream_options.include_usage")]
    [InlineData("\"stream\":true,\"stream_options\":{\"continuous_usage_stats\":{}}", "'stream_options.continuous_usage_stats' must be true or false.", "stream_options.continuous_usage_stats")]
    [InlineData("\"stream\":true,\"stream_options\":{\"include_usage\":null,\"include_usag\\u0065\":true}", "'stream_options.include_usage' is there twice: which one counts would be a guess.", "stream_options.include_usage")]
    [InlineData("\"stream\":true,\"stream_options\":{\"continuous_usage_stats\":true,\"continuous_usage_stats\":true}", "'stream_options.continuous_usage_stats' is there twice: which one counts would be a guess.", "stream_options.continuous_usage_stats")]
    [InlineData("\"max_tokens\":0", "'max_tokens' must be a whole number from 1 to 2147483647.", "max_tokens")]
    [InlineData("\"max_tokens\":-1", "'max_tokens' must be a whole number from 1 to 2147483647.", "max_tokens")]
    [InlineData("\"max_tokens\":1.5", "'max_tokens' must be a whole number from 1 to 2147483647.", "max_tokens")]
    [InlineData("\"max_tokens\":2147483648", "'max_tokens' must be a whole number from 1 to 2147483647.", "max_tokens")]
    [InlineData("\"max_tokens\":1e400", "'max_tokens' must be a whole number from 1 to 2147483647.", "max_tokens")]
    [InlineData("\"max_completion_tokens\":\"5\"", "'max_completion_tokens' must be a whole number from 1 to 2147483647.", "max_completion_tokens")]
    [InlineData("\"n\":129", "'n' must be a whole number from 1 to 128.", "n")]
    [InlineData("\"n\":[1]", "'n' must be a whole number from 1 to 128.", "n")]
    [InlineData("\"temperature\":-0.1", "'temperature' must be a number from 0 to 2.", "temperature")]
    [InlineData("\"temperature\":2.1", "'temperature' must be a number from 0 to 2.", "temperature")]
    [InlineData("\"temperature\":1e400", "'temperature' must be a number from 0 to 2.", "temperature")]
    [InlineData("\"temperature\":\"1\"", "'temperature' must be a number from 0 to 2.", "temperature")]
    [InlineData("\"stop\":5", "'stop' must be a string or an array of strings.", "stop")]
    [InlineData("\"stop\":{}", "'stop' must be a string or an array of strings.", "stop")]
    [InlineData("\"stop\":[\"a\",5]", "'stop' must be a string or an array of strings.", "stop")]
    [InlineData("\"stop\":[[\"a\"]]", "'stop' must be a string or an array of strings.", "stop")]
    public void WrongMember_IsRefused(string members, string message, string param)
    {
        Refuses($"{{\"model\":\"m\",{Messages},{members}}}", message, param);
        Refuses($"{{\"model\":\"m\",{members},{Messages}}}", message, param);
    }

    [Theory]
    [InlineData("null", "'messages' must be an array of messages.", "messages")]
    [InlineData("{}", "'messages' must be an array of messages.", "messages")]
    [InlineData("\"hi\"", "'messages' must be an array of messages.", "messages")]
    [InlineData("[]", "'messages' is empty: send at least one message.", "messages")]
    [InlineData("[5]", "'messages[0]' must be an object with 'role' and 'content'.", "messages[0]")]
    [InlineData("[{\"role\":\"user\"},[]]", "'messages[1]' must be an object with 'role' and 'content'.", "messages[1]")]
    [InlineData("[{}]", "'messages[0].role' is missing.", "messages[0].role")]
    [InlineData("[{\"content\":\"hi\"}]", "'messages[0].role' is missing.", "messages[0].role")]
    [InlineData("[{\"role\":\"user\"},{\"role\":null}]", "'messages[1].role' must be a string.", "messages[1].role")]
    [InlineData("[{\"role\":{\"role\":\"user\"}}]", "'messages[0].role' must be a string.", "messages[0].role")]
    [InlineData("[{\"role\":\"user\",\"content\":{}}]", "'messages[0].content' must be a string or an array of parts.", "messages[0].content")]
    [InlineData("[{\"role\":\"user\",\"content\":5}]", "'messages[0].content' must be a string or an array of parts.", "messages[0].content")]
    public void WrongMessages_AreRefused(string messages, string message, string param) =>
        Refuses($"{{\"model\":\"m\",\"messages\":{messages}}}", message, param);

    [Theory]
    [InlineData(RequestSurface.ChatCompletions, "\"prompt\":\"a\"", "'messages' is missing.", "messages")]
    [InlineData(RequestSurface.ChatCompletions, Messages + "," + Messages, "'messages' is there twice: which one counts would be a guess.", "messages")]
    [InlineData(RequestSurface.Completions, Messages, "'prompt' is missing.", "prompt")]
    [InlineData(RequestSurface.Completions, "\"prompt\":5", "'prompt' must be a string or an array.", "prompt")]
    [InlineData(RequestSurface.Completions, "\"prompt\":\"a\",\"pr\\u006fmpt\":\"a\"", "'prompt' is there twice: which one counts would be a guess.", "prompt")]
    [InlineData(RequestSurface.Embeddings, "\"prompt\":\"a\"", "'input' is missing. Send it, or 'messages'.", "input")]
    [InlineData(RequestSurface.Embeddings, "\"input\":null", "'input' must be a string or an array.", "input")]
    [InlineData(RequestSurface.Embeddings, "\"input\":\"a\",\"input\":\"a\"", "'input' is there twice: which one counts would be a guess.", "input")]
    [InlineData(RequestSurface.Embeddings, "\"input\":\"a\"," + Messages, "'input' and 'messages' are both there: send one of them.", "messages")]
    [InlineData(RequestSurface.Tokenize, "\"tokens\":[1]", "'prompt' is missing. Send it, or 'messages'.", "prompt")]
    [InlineData(RequestSurface.Tokenize, "\"prompt\":[1]", "'prompt' must be a string.", "prompt")]
    [InlineData(RequestSurface.Tokenize, "\"messages\":[]", "'messages' is empty: send at least one message.", "messages")]
    [InlineData(RequestSurface.Detokenize, "\"tokens\":\"a\"", "'tokens' must be an array.", "tokens")]
    [InlineData(RequestSurface.Rerank, "\"documents\":[\"a\"]", "'query' is missing.", "query")]
    [InlineData(RequestSurface.Rerank, "\"query\":\"a\"", "'documents' is missing.", "documents")]
    [InlineData(RequestSurface.Rerank, "\"query\":\"\",\"documents\":[\"a\"]", "'query' is empty.", "query")]
    [InlineData(RequestSurface.Rerank, "\"query\":\"a\",\"documents\":[ ]", "'documents' is empty.", "documents")]
    [InlineData(RequestSurface.Rerank, "\"query\":\"a\",\"documents\":7", "'documents' must be a string, an object or an array of them.", "documents")]
    [InlineData(RequestSurface.Rerank, "\"query\":\"a\",\"documents\":[\"a\"],\"stream\":true", "Rankings are not streamed: leave 'stream' out.", "stream")]
    [InlineData(RequestSurface.Score, "\"text_2\":\"b\"", "'queries' is missing. Send it, or 'text_1' or 'data_1'.", "queries")]
    [InlineData(RequestSurface.Score, "\"text_1\":\"a\"", "'documents' is missing. Send it, or 'text_2' or 'data_2' or 'items'.", "documents")]
    [InlineData(RequestSurface.Score, "\"text_1\":\"a\",\"queries\":\"a\",\"text_2\":\"b\"", "'text_1' and 'queries' are both there: send one of them.", "queries")]
    [InlineData(RequestSurface.Speech, "\"input\":\"\"", "'input' is empty.", "input")]
    [InlineData(RequestSurface.Speech, "\"input\":[\"a\"]", "'input' must be a string.", "input")]
    [InlineData(RequestSurface.Speech, "\"input\":\"a\",\"stream_format\":\"events\"", "'stream_format' must be \"audio\" or \"sse\".", "stream_format")]
    [InlineData(RequestSurface.Speech, "\"input\":\"a\",\"stream_format\":null,\"stream_format\":\"sse\"", "'stream_format' is there twice: which one counts would be a guess.", "stream_format")]
    [InlineData(RequestSurface.Completions, "\"prompt\":\"a\",\"best_of\":0", "'best_of' must be a whole number from 1 to 128.", "best_of")]
    [InlineData(RequestSurface.Embeddings, "\"input\":\"a\",\"stream\":true", "Embeddings are not streamed: leave 'stream' out.", "stream")]
    public void WrongInput_IsRefusedBySurface(RequestSurface surface, string members, string message, string param) =>
        Refuses($"{{\"model\":\"m\",{members}}}", message, param, surface);

    [Theory]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("5")]
    [InlineData("\"text\"")]
    public void AnotherKindOfJson_IsRefused(string body) => Refuses(body, "The body must be one JSON object.", null);

    [Theory]
    [InlineData("")]
    [InlineData("  \n")]
    [InlineData("{")]
    [InlineData("{\"model\"")]
    [InlineData("{'model':'m'}")]
    [InlineData("{\"model\":\"m\",}")]
    [InlineData("{\"model\":\"m\"/**/}")]
    [InlineData("\uFEFF{\"model\":\"m\"}")]
    [InlineData("{\"model\":\"m\nn\"}")]
    [InlineData("{\"model\":\"\\x\"}")]
    [InlineData("{\"model\":\"m\",\"n\":01}")]
    [InlineData("{\"model\":\"m\",\"temperature\":NaN}")]
    [InlineData("{\"model\":\"m\"," + Messages + "} x")]
    [InlineData("{\"model\":\"m\"," + Messages + "}{}")]
    [InlineData("{\"model\":\"m\"," + Messages + "}\0")]
    public void BrokenJson_IsRefusedWithItsPlace(string body)
    {
        var error = RequestPeeker.Peek(Encoding.UTF8.GetBytes(body), RequestSurface.ChatCompletions, out _);
        Assert.NotNull(error);
        Assert.Null(error.Param);
        Assert.Matches(@"^The body is not valid JSON \(line \d+, byte \d+\)\. Send one JSON object\.$", error.Message);
    }

    [Fact]
    public void DeepNesting_IsRefused()
    {
        var deep = $"{{\"model\":\"m\",{Messages},\"x\":{new string('[', 100_000)}{new string(']', 100_000)}}}";
        Assert.Null(RequestPeeker.Peek(Encoding.UTF8.GetBytes(deep), RequestSurface.ChatCompletions, out _)?.Param);
        Assert.NotNull(RequestPeeker.Peek(Encoding.UTF8.GetBytes(deep), RequestSurface.ChatCompletions, out _));
        Assert.Null(RequestPeeker.Peek(Encoding.UTF8.GetBytes(deep.Replace(new string('[', 99_940), "", StringComparison.Ordinal)
            .Replace(new string(']', 99_940), "", StringComparison.Ordinal)), RequestSurface.ChatCompletions, out _));
    }

    [Theory]
    [InlineData("{\"model\":\"m\xFF\"," + Messages + "}")]
    [InlineData("{\"model\":\"m\",\"user\":\"\xC3\"," + Messages + "}")]
    [InlineData("{\"model\":\"m\",\"\xC0\x80\":1," + Messages + "}")]
    [InlineData("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"\xED\xA0\x80\"}]}")]
    public void InvalidUtf8_IsRefused(string latin1)
    {
        var error = RequestPeeker.Peek(Encoding.Latin1.GetBytes(latin1), RequestSurface.ChatCompletions, out _);
        Assert.Equal(new PeekError("The body is not valid UTF-8.", null), error);
    }

    [Theory]
    [InlineData("{\"model\":\"\\ud800\"," + Messages + "}", "model")]
    [InlineData("{\"model\":\"a\\udc00\\ud800\"," + Messages + "}", "model")]
    [InlineData("{\"\\ud800\":1,\"model\":\"m\"," + Messages + "}", null)]
    [InlineData("{\"stream\\udfff\":1,\"model\":\"m\"," + Messages + "}", null)]
    [InlineData("{\"model\":\"m\",\"messages\":[{\"role\":\"\\ud800\"}]}", null)]
    [InlineData("{\"model\":\"m\",\"messages\":[{\"\\ud800\":1,\"role\":\"user\"}]}", null)]
    [InlineData("{\"model\":\"m\",\"stream\":true,\"stream_options\":{\"\\ud800x\\udc00\":1}," + Messages + "}", null)]
    public void EscapedHalfCharacter_WhereANameIsRead_IsRefused(string body, string? param)
    {
        var error = RequestPeeker.Peek(Encoding.UTF8.GetBytes(body), RequestSurface.ChatCompletions, out _);
        Assert.NotNull(error);
        Assert.Equal(param, error.Param);
        Assert.Contains("half a character", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ArbitraryBytes_NeverThrow() =>
        Gen.Byte.Array[0, 60].Sample(body => Peek(body), iter: 20_000);

    [Fact]
    public void ChangedBodies_NeverThrowAndGoodOnesAreJson()
    {
        var valid = Encoding.UTF8.GetBytes($$"""
            {"model":"a\u002fb","stream":true,"stream_options":{"include_usage":false,"x":[1]},"n":1,"temperature":0.5,
            "stop":["a"],"max_tokens":5,{{Messages}},"prompt":"ä","input":[]}
            """);
        var piece = Gen.OneOf("\"", "\\", "{", "}", "[", "]", ",", ":", "null", "\\ud800", "\\u006d", "5", "1e999", "\"model\"", " ", "\xFF");
        var change = Gen.Select(Gen.Int[0, valid.Length], Gen.Int[0, 6], piece);
        change.Array[1, 5].Sample(changes =>
        {
            var body = valid.ToList();
            foreach (var (at, removed, added) in changes)
            {
                var place = Math.Min(at, body.Count);
                body.RemoveRange(place, Math.Min(removed, body.Count - place));
                body.InsertRange(place, Encoding.Latin1.GetBytes(added));
            }
            Peek([.. body]);
        }, iter: 20_000);
    }

    private static void Peek(byte[] body)
    {
        foreach (var surface in Enum.GetValues<RequestSurface>())
        {
            var error = RequestPeeker.Peek(body, surface, out var request);
            if (error is not null)
            {
                Assert.NotEmpty(error.Message);
                continue;
            }
            using var json = JsonDocument.Parse(body);
            Assert.Equal(JsonSerializer.Deserialize<string>(request.Model.Of(body)), json.RootElement.GetProperty("model").GetString());
        }
    }

    private static void Refuses(string body, string message, string? param, RequestSurface surface = RequestSurface.ChatCompletions) =>
        Assert.Equal(new PeekError(message, param), RequestPeeker.Peek(Encoding.UTF8.GetBytes(body), surface, out _));
}
