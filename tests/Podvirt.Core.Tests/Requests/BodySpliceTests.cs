using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using Podvirt.Core.Requests;

namespace Podvirt.Core.Tests.Requests;

public sealed class BodySpliceTests
{
    private static readonly string?[] s_streamOptions =
    [
        null, "null", "{}", "{ }", "{\"x\":1}", "{ \"x\" : {\"include_usage\":false} }",
        "{\"include_usage\":true}", "{\"include_usage\":false}", "{ \"include_usage\" : null }",
        "{\"continuous_usage_stats\":true}", "{\"continuous_usage_stats\":false}", "{\"continuous_usage_stats\":null,\"x\":[]}",
        "{\"include_usage\":true,\"continuous_usage_stats\":true}", "{\"include_usage\":false,\"continuous_usage_stats\":true}",
        "{\"continuous_usage_stats\":false,\"x\":\"é\",\"include_usage\":true}", "{\"includ\\u0065_usage\":false,\"continuous\\u005fusage_stats\":false}",
    ];

    private static readonly string?[] s_names = [null, "\"other\"", "\"a name of more bytes than the first\"", "\"n\\u00e4me\""];

    // @ stands for stream_options.
    private static readonly string[] s_shapes =
    [
        "{\"model\":\"m\",\"stream\":true,@\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}",
        "{@\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"model\":\"vendor/m\"}",
        " {\n @ \"mod\\u0065l\" : \"\\u006d\" , \"messages\" : [ {\"role\":\"user\",\"content\":\"ünï\"} ] , \"stream\" : true } \n",
    ];

    [Fact]
    public void EveryCombination_ChangesExactlyWhatWasAskedFor()
    {
        foreach (var shape in s_shapes)
        {
            foreach (var options in s_streamOptions)
            {
                foreach (var name in s_names)
                {
                    Check(WithOptions(shape, options), name, continuous: true);
                    Check(WithOptions(shape, options), name, continuous: false);
                }
            }
        }
    }

    [Fact]
    public void PlainRequest_KeepsEverythingButTheName()
    {
        foreach (var name in s_names)
        {
            Check("{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"model\":\"m\",\"stream\":false}", name, continuous: true);
            Check("{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"model\":\"m\",\"stream_options\":null}", name, continuous: true);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void NothingToChange_GivesTheBodyItself(bool emptyName)
    {
        ReadOnlyMemory<byte> body = "{\"model\":\"m\",\"messages\":[{\"role\":\"user\"}]}"u8.ToArray();
        Assert.Null(RequestPeeker.Peek(body.Span, RequestSurface.ChatCompletions, out var request));
        var splice = BodySplice.For(request, emptyName ? ReadOnlyMemory<byte>.Empty : default(ReadOnlyMemory<byte>?), continuousUsage: true);
        var position = 0;
        Assert.True(splice.TryGetPiece(body, ref position, out var piece));
        Assert.Equal(body, piece);
        Assert.False(splice.TryGetPiece(body, ref position, out piece));
        Assert.True(piece.IsEmpty);
        Assert.False(splice.TryGetPiece(body, ref position, out _));
        Assert.Equal(0, splice.LengthDelta);
    }

    [Theory]
    [InlineData(
        "{\"model\":\"m\",\"prompt\":\"a\",\"stream\":true}", "\"x\"", true,
        "{\"stream_options\":{\"include_usage\":true,\"continuous_usage_stats\":true},\"model\":\"x\",\"prompt\":\"a\",\"stream\":true}")]
    [InlineData(
        "{ \"stream_options\": null, \"model\" : \"m\" , \"prompt\":\"a\",\"stream\":true }", null, false,
        "{ \"stream_options\": {\"include_usage\":true}, \"model\" : \"m\" , \"prompt\":\"a\",\"stream\":true }")]
    [InlineData(
        "{\"model\":\"m\",\"stream\":true,\"stream_options\":{ \"include_usage\" : false },\"prompt\":\"a\"}", "\"longer\"", true,
        "{\"model\":\"longer\",\"stream\":true,\"stream_options\":{\"continuous_usage_stats\":true, \"include_usage\" : true },\"prompt\":\"a\"}")]
    [InlineData(
        "{\"prompt\":\"a\",\"stream_options\":{\"continuous_usage_stats\":true},\"stream\":true,\"model\":\"m\"}", "\"x\"", false,
        "{\"prompt\":\"a\",\"stream_options\":{\"include_usage\":true,\"continuous_usage_stats\":false},\"stream\":true,\"model\":\"x\"}")]
    public void Bytes_OutsideTheEditsStayAsTheyWere(string body, string? servedAs, bool continuous, string expected)
    {
        var result = Splice(body, servedAs, continuous, RequestSurface.Completions);
        Assert.Equal(expected, result);
    }

    [Theory]
    [InlineData("{\"model\":\"m\",\"prompt\":\"a\",\"stream\":true}")]
    [InlineData("{\"model\":\"m\",\"prompt\":\"a\",\"stream\":true,\"stream_options\":{\"include_usage\":true,\"x\":1}}")]
    public void EngineThatRefusesStreamOptions_GetsWhatTheClientWrote(string body)
    {
        Assert.Null(RequestPeeker.Peek(Encoding.UTF8.GetBytes(body), RequestSurface.Completions, out var request));
        Assert.Equal(body, Apply(BodySplice.WithoutUsage(request, null), body));
        Assert.Equal(body.Replace("\"m\"", "\"n\"", StringComparison.Ordinal), Apply(BodySplice.WithoutUsage(request, "\"n\""u8.ToArray()), body));
    }

    [Fact]
    public void RandomMembersAround_StayAsTheyWere()
    {
        var member = Gen.Select(Gen.Int[0, 99], Gen.OneOf("1", "\"a\\\"b\"", "null", "{\"model\":\"x\"}", "[\"stream_options\", {}]", "1e9"));
        Gen.Select(member.Array[0, 4], member.Array[0, 4], Gen.Int[0, s_streamOptions.Length - 1], Gen.Int[0, s_names.Length - 1], Gen.Bool)
            .Sample((before, after, options, name, continuous) =>
            {
                var first = string.Concat(before.DistinctBy(m => m.Item1).Select(m => $"\"b{m.Item1}\" : {m.Item2},"));
                var last = string.Concat(after.DistinctBy(m => m.Item1).Select(m => $",\n\"a{m.Item1}\":{m.Item2}"));
                var shape = $"{{{first}\"model\":\"m\",@\"stream\":true,\"messages\":[{{\"role\":\"user\",\"content\":\"hi\"}}]{last}}}";
                Check(WithOptions(shape, s_streamOptions[options]), s_names[name], continuous);
            }, iter: 3_000);
    }

    [Fact]
    public void Splicing_AllocatesNothing()
    {
        ReadOnlyMemory<byte> body = "{\"model\":\"m\",\"messages\":[{\"role\":\"user\"}],\"stream\":true,\"stream_options\":{\"x\":1}}"u8.ToArray();
        ReadOnlyMemory<byte> name = "\"x\""u8.ToArray();
        Assert.Null(RequestPeeker.Peek(body.Span, RequestSurface.ChatCompletions, out var request));
        Assert.Equal(0, Allocations.Of(() =>
        {
            var splice = BodySplice.For(request, name, continuousUsage: true);
            var position = 0;
            while (splice.TryGetPiece(body, ref position, out _))
            {
            }
        }));
    }

    private static string WithOptions(string shape, string? options) =>
        shape.Replace("@", options is null ? "" : $"\"stream_options\":{options},", StringComparison.Ordinal);

    private static void Check(string body, string? servedAs, bool continuous)
    {
        var expected = JsonNode.Parse(body)!.AsObject();
        if (servedAs is not null)
        {
            expected["model"] = JsonNode.Parse(servedAs);
        }
        if ((bool?)expected["stream"] == true)
        {
            if (expected["stream_options"] is not JsonObject options)
            {
                options = [];
                expected["stream_options"] = options;
            }
            options["include_usage"] = true;
            if (continuous || options.ContainsKey("continuous_usage_stats"))
            {
                options["continuous_usage_stats"] = continuous;
            }
        }
        var result = Splice(body, servedAs, continuous, RequestSurface.ChatCompletions);
        Assert.True(JsonNode.DeepEquals(expected, JsonNode.Parse(result)), $"{body}\nbecame\n{result}");
    }

    private static string Splice(string body, string? servedAs, bool continuous, RequestSurface surface)
    {
        ReadOnlyMemory<byte> bytes = Encoding.UTF8.GetBytes(body);
        Assert.Null(RequestPeeker.Peek(bytes.Span, surface, out var request));
        var name = servedAs is null ? default(ReadOnlyMemory<byte>?) : Encoding.UTF8.GetBytes(servedAs);
        return Apply(BodySplice.For(request, name, continuous), body);
    }

    private static string Apply(BodySplice splice, string body)
    {
        ReadOnlyMemory<byte> bytes = Encoding.UTF8.GetBytes(body);
        var result = new List<byte>();
        var position = 0;
        while (splice.TryGetPiece(bytes, ref position, out var piece))
        {
            result.AddRange(piece.Span);
        }
        Assert.Equal(bytes.Length + splice.LengthDelta, result.Count);
        return Encoding.UTF8.GetString([.. result]);
    }
}
