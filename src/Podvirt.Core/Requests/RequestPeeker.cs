using System.Text.Json;
using System.Text.Unicode;

namespace Podvirt.Core.Requests;

/// <summary>
/// One pass over a request body. Finds what routing and metering need, and refuses what no engine could answer, before
/// anything is parked or started for it. Members it does not know are the engine's business.
/// </summary>
public static partial class RequestPeeker
{
    // OpenAI's own limit on n; each one is a whole answer.
    private const int ChoicesMax = 128;

    /// <summary>Answers of one stream: each is followed to its end.</summary>
    public const int StreamChoicesMax = 4096;

    private static readonly JsonReaderOptions s_options = new() { MaxDepth = 64, CommentHandling = JsonCommentHandling.Disallow };

    /// <returns>Null when the body is good; else why not.</returns>
    public static PeekError? Peek(ReadOnlySpan<byte> body, RequestSurface surface, out PeekedRequest request)
    {
        request = default;
        if (!Utf8.IsValid(body))
        {
            return new PeekError("The body is not valid UTF-8.", null);
        }
        var reader = new Utf8JsonReader(body, s_options);
        var pass = new Pass(BodyShape.Of(surface));
        try
        {
            var error = pass.Run(ref reader, ref request);
            if (error is null)
            {
                // Throws when anything but white space stands behind the object.
                reader.Read();
            }
            return error;
        }
        catch (JsonException e)
        {
            return new PeekError($"The body is not valid JSON (line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}). Send one JSON object.", null);
        }
        catch (InvalidOperationException)
        {
            // Thrown where a name or a role is compared.
            return new PeekError("The body has a name with half a character: a \\u escape of one surrogate without the other.", null);
        }
    }

    private static ByteRange RangeOf(ref Utf8JsonReader reader)
    {
        var start = (int)reader.TokenStartIndex;
        reader.Skip();
        return new ByteRange(start, (int)reader.BytesConsumed - start);
    }

    private ref partial struct Pass(BodyShape shape)
    {
        // The names they came under.
        private string? _input;
        private string? _counterpart;
        private bool _hasStream;
        private bool _hasStreamFormat;
        private bool _wantsPieces;
        private bool _saysFormat;
        private bool _hasStreamOptions;
        private bool _seenInstructions;
        private bool _hasInstructions;

        public PeekError? Run(ref Utf8JsonReader reader, ref PeekedRequest request)
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                return new PeekError("The body must be one JSON object.", null);
            }
            request.RootStart = (int)reader.BytesConsumed;
            request.TakesStreamOptions = shape.TakesStreamOptions;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var error = ReadMember(ref reader, ref request);
                if (error is not null)
                {
                    return error;
                }
            }
            if (!request.Model.IsPresent)
            {
                return new PeekError("'model' is missing. Name a model of GET /v1/models.", "model");
            }
            if (_input is null)
            {
                return Missing(shape.Inputs);
            }
            if (_counterpart is null && shape.Counterparts.Length > 0)
            {
                return Missing(shape.Counterparts);
            }
            if (shape.NeedsMaxTokens && request.MaxTokens == 0)
            {
                var name = shape.MaxTokens[0].Name;
                return new PeekError($"'{name}' is missing: how many tokens the answer may have.", name);
            }
            if (_hasStreamOptions && !request.StreamOptionsIsNull && !request.Stream)
            {
                return new PeekError("'stream_options' is only allowed when 'stream' is true.", "stream_options");
            }
            request.MayStream = _wantsPieces && !_saysFormat;
            var choices = (long)Math.Max(1, request.Choices) * Math.Max(1, request.Prompts);
            return request.Stream && choices > StreamChoicesMax
                ? new PeekError($"A stream has at most {StreamChoicesMax} answers, and this one would have {choices}: send fewer prompts, or ask for fewer choices.", _input)
                : null;
        }

        private static PeekError Missing(InputMember[] members)
        {
            var others = members.Length == 1 ? "" : $" Send it, or {string.Join(" or ", members.Skip(1).Select(m => $"'{m.Name}'"))}.";
            return new PeekError($"'{members[0].Name}' is missing.{others}", members[0].Name);
        }

        private PeekError? ReadMember(ref Utf8JsonReader reader, ref PeekedRequest request)
        {
            if (reader.ValueTextEquals("model"u8))
            {
                return ReadModel(ref reader, ref request);
            }
            if (reader.ValueTextEquals("stream"u8))
            {
                return ReadStream(ref reader, ref request);
            }
            if (shape.TakesStreamOptions && reader.ValueTextEquals("stream_options"u8))
            {
                return ReadStreamOptions(ref reader, ref request);
            }
            if (shape.StreamsByFormat && reader.ValueTextEquals("stream_format"u8))
            {
                return ReadStreamFormat(ref reader, ref request);
            }
            foreach (var input in shape.Inputs)
            {
                if (reader.ValueTextEquals(input.Utf8))
                {
                    return ReadInput(ref reader, ref request, input);
                }
            }
            foreach (var counterpart in shape.Counterparts)
            {
                if (reader.ValueTextEquals(counterpart.Utf8))
                {
                    return ReadCounterpart(ref reader, ref request, counterpart);
                }
            }
            foreach (var member in shape.MaxTokens)
            {
                if (reader.ValueTextEquals(member.Utf8))
                {
                    return ReadMaxTokens(ref reader, ref request, member.Name);
                }
            }
            if (shape.Instructions is { } instructions && reader.ValueTextEquals(instructions.Utf8))
            {
                return ReadInstructions(ref reader, ref request, instructions.Name);
            }
            return shape.IsStored ? ReadStored(ref reader, ref request)
                : shape.ChecksSampling ? ReadSampling(ref reader, ref request)
                : PassBy(ref reader);
        }

        private static PeekError? ReadSampling(ref Utf8JsonReader reader, ref PeekedRequest request)
        {
            if (reader.ValueTextEquals("n"u8))
            {
                var error = ReadCount(ref reader, "n", ChoicesMax, out var choices);
                request.Choices = choices;
                return error;
            }
            if (reader.ValueTextEquals("best_of"u8))
            {
                var error = ReadCount(ref reader, "best_of", ChoicesMax, out var bestOf);
                request.BestOf = bestOf;
                return error;
            }
            if (reader.ValueTextEquals("temperature"u8))
            {
                return ReadTemperature(ref reader);
            }
            return reader.ValueTextEquals("stop"u8) ? ReadStop(ref reader) : PassBy(ref reader);
        }

        // The engine's business.
        private static PeekError? PassBy(ref Utf8JsonReader reader)
        {
            reader.Read();
            reader.Skip();
            return null;
        }

        private static PeekError? ReadModel(ref Utf8JsonReader reader, ref PeekedRequest request)
        {
            reader.Read();
            if (request.Model.IsPresent)
            {
                return Duplicate("model");
            }
            if (reader.TokenType != JsonTokenType.String)
            {
                return new PeekError("'model' must be a string.", "model");
            }
            if (reader.ValueSpan.Length == 0)
            {
                return new PeekError("'model' is empty. Name a model of GET /v1/models.", "model");
            }
            if (reader.ValueIsEscaped && !IsText(ref reader))
            {
                return new PeekError("'model' has half a character: a \\u escape of one surrogate without the other.", "model");
            }
            request.Model = RangeOf(ref reader);
            return null;
        }

        // Nobody escapes a model's name without need: it may cost a string.
        private static bool IsText(ref Utf8JsonReader reader)
        {
            try
            {
                return reader.GetString() is not null;
            }
            catch (InvalidOperationException)
            {
                return false;
            }
        }

        private PeekError? ReadStream(ref Utf8JsonReader reader, ref PeekedRequest request)
        {
            reader.Read();
            if (_hasStream)
            {
                return Duplicate("stream");
            }
            _hasStream = true;
            if (reader.TokenType is not (JsonTokenType.True or JsonTokenType.False or JsonTokenType.Null))
            {
                return new PeekError("'stream' must be true or false.", "stream");
            }
            var isWanted = reader.TokenType == JsonTokenType.True;
            if (shape.StreamsByFormat)
            {
                _wantsPieces = isWanted;
                return null;
            }
            request.Stream = isWanted;
            return isWanted && shape.NotStreamed is { } what
                ? new PeekError($"{what} not streamed: leave 'stream' out.", "stream")
                : null;
        }

        private PeekError? ReadStreamFormat(ref Utf8JsonReader reader, ref PeekedRequest request)
        {
            reader.Read();
            if (_hasStreamFormat)
            {
                return Duplicate("stream_format");
            }
            _hasStreamFormat = true;
            if (reader.TokenType == JsonTokenType.Null)
            {
                return null;
            }
            request.Stream = reader.TokenType == JsonTokenType.String && reader.ValueTextEquals("sse"u8);
            if (!request.Stream && !(reader.TokenType == JsonTokenType.String && reader.ValueTextEquals("audio"u8)))
            {
                return new PeekError("'stream_format' must be \"audio\" or \"sse\".", "stream_format");
            }
            _saysFormat = true;
            return null;
        }

        private PeekError? ReadStreamOptions(ref Utf8JsonReader reader, ref PeekedRequest request)
        {
            reader.Read();
            if (_hasStreamOptions)
            {
                return Duplicate("stream_options");
            }
            _hasStreamOptions = true;
            var start = (int)reader.TokenStartIndex;
            if (reader.TokenType == JsonTokenType.Null)
            {
                request.StreamOptionsIsNull = true;
                request.StreamOptions = new ByteRange(start, 4);
                return null;
            }
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                return new PeekError("'stream_options' must be an object.", "stream_options");
            }
            request.StreamOptionsIsEmpty = true;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                request.StreamOptionsIsEmpty = false;
                var error = ReadStreamOption(ref reader, ref request);
                if (error is not null)
                {
                    return error;
                }
            }
            request.StreamOptions = new ByteRange(start, (int)reader.BytesConsumed - start);
            return null;
        }

        private static PeekError? ReadStreamOption(ref Utf8JsonReader reader, ref PeekedRequest request)
        {
            var isIncludeUsage = reader.ValueTextEquals("include_usage"u8);
            var isContinuous = !isIncludeUsage && reader.ValueTextEquals("continuous_usage_stats"u8);
            reader.Read();
            if (!isIncludeUsage && !isContinuous)
            {
                reader.Skip();
                return null;
            }
            var name = isIncludeUsage ? "stream_options.include_usage" : "stream_options.continuous_usage_stats";
            if (isIncludeUsage ? request.IncludeUsage.IsPresent : request.ContinuousUsage.IsPresent)
            {
                return Duplicate(name);
            }
            if (reader.TokenType is not (JsonTokenType.True or JsonTokenType.False or JsonTokenType.Null))
            {
                return new PeekError($"'{name}' must be true or false.", name);
            }
            var wanted = reader.TokenType == JsonTokenType.True;
            if (isIncludeUsage)
            {
                request.WantsUsage = wanted;
                request.IncludeUsage = RangeOf(ref reader);
            }
            else
            {
                request.WantsContinuousUsage = wanted;
                request.ContinuousUsage = RangeOf(ref reader);
            }
            return null;
        }

        // Engines differ in which of the two names comes first: the larger one is the safe guess.
        private static PeekError? ReadMaxTokens(ref Utf8JsonReader reader, ref PeekedRequest request, string name)
        {
            var error = ReadCount(ref reader, name, int.MaxValue, out var count);
            request.MaxTokens = Math.Max(request.MaxTokens, count);
            return error;
        }

        private static PeekError? ReadCount(ref Utf8JsonReader reader, string name, int max, out int count)
        {
            count = 0;
            reader.Read();
            if (reader.TokenType == JsonTokenType.Null)
            {
                return null;
            }
            return reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out count) && count >= 1 && count <= max
                ? null
                : new PeekError($"'{name}' must be a whole number from 1 to {max}.", name);
        }

        private static PeekError? ReadTemperature(ref Utf8JsonReader reader)
        {
            reader.Read();
            if (reader.TokenType == JsonTokenType.Null)
            {
                return null;
            }
            return reader.TokenType == JsonTokenType.Number && reader.TryGetDouble(out var value) && value is >= 0 and <= 2
                ? null
                : new PeekError("'temperature' must be a number from 0 to 2.", "temperature");
        }

        private static PeekError? ReadStop(ref Utf8JsonReader reader)
        {
            reader.Read();
            if (reader.TokenType is JsonTokenType.Null or JsonTokenType.String)
            {
                return null;
            }
            if (reader.TokenType == JsonTokenType.StartArray)
            {
                while (reader.Read() && reader.TokenType == JsonTokenType.String)
                {
                }
                if (reader.TokenType == JsonTokenType.EndArray)
                {
                    return null;
                }
            }
            return new PeekError("'stop' must be a string or an array of strings.", "stop");
        }

        private static PeekError Duplicate(string name) => new($"'{name}' is there twice: which one counts would be a guess.", name);
    }
}
