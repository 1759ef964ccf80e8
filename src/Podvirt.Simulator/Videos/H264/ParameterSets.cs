namespace Podvirt.Simulator.Videos.H264;

/// <summary>The sequence and picture parameter sets (clauses 7.3.2.1 and 7.3.2.2 of ITU-T H.264) of a Constrained Baseline stream.</summary>
internal static class ParameterSets
{
    public const byte ProfileBaseline = 66;

    /// <summary>Keeps to the rules of Baseline and of Main, which is what Constrained Baseline means.</summary>
    public const byte Constraints = 0xC0;

    public const int FrameNumberBits = 4;

    /// <summary>At this quantiser a luma level is one step of luma.</summary>
    public const int LumaQuantiser = 28;

    /// <summary>And so is, with this offset, a chroma level for chroma.</summary>
    public const int ChromaOffset = -6;

    // The largest frame that any level allows, in macroblocks.
    private const int MacroblocksMax = 139_264;

    // Level, macroblocks in a frame, macroblocks in a second: table A-1.
    private static readonly (byte Level, int Frame, int Second)[] _levels =
    [
        (30, 1_620, 40_500), (31, 3_600, 108_000), (32, 5_120, 216_000), (40, 8_192, 245_760), (42, 8_704, 522_240),
        (50, 22_080, 589_824), (51, 36_864, 983_040), (52, 36_864, 2_073_600), (60, MacroblocksMax, 4_177_920), (61, MacroblocksMax, 8_355_840),
    ];

    /// <summary>Whether any level has room for such a frame.</summary>
    public static bool Allow(FrameSize size) => Allow(size, MacroblocksMax);

    public static byte Level(FrameSize size, int framesPerSecond)
    {
        foreach (var (level, frame, second) in _levels)
        {
            if (Allow(size, frame) && (long)size.Macroblocks * framesPerSecond <= second)
            {
                return level;
            }
        }

        return 62;
    }

    public static byte[] Sequence(FrameSize size, byte level)
    {
        var bits = new BitWriter();
        bits.Write(NalUnit.SequenceHeader, 8);
        bits.Write(ProfileBaseline, 8);
        bits.Write(Constraints, 8);
        bits.Write(level, 8);
        bits.Unsigned(0); // seq_parameter_set_id
        bits.Unsigned(FrameNumberBits - 4); // log2_max_frame_num_minus4
        bits.Unsigned(2); // pic_order_cnt_type: shown in the order of decoding
        bits.Unsigned(1); // max_num_ref_frames
        bits.Flag(false); // gaps_in_frame_num_value_allowed_flag
        bits.Unsigned(size.Columns - 1);
        bits.Unsigned(size.Rows - 1);
        bits.Flag(true); // frame_mbs_only_flag
        bits.Flag(true); // direct_8x8_inference_flag
        var right = (size.Columns * FrameSize.Macroblock) - size.Width;
        var bottom = (size.Rows * FrameSize.Macroblock) - size.Height;
        bits.Flag(right + bottom > 0); // frame_cropping_flag
        if (right + bottom > 0)
        {
            // In pairs of samples.
            bits.Unsigned(0);
            bits.Unsigned(right / 2);
            bits.Unsigned(0);
            bits.Unsigned(bottom / 2);
        }

        bits.Flag(true); // vui_parameters_present_flag
        WriteUsability(bits);
        bits.Finish();
        return NalUnit.Escape(bits.Written);
    }

    public static byte[] Picture()
    {
        var bits = new BitWriter();
        bits.Write(NalUnit.PictureHeader, 8);
        bits.Unsigned(0); // pic_parameter_set_id
        bits.Unsigned(0); // seq_parameter_set_id
        bits.Flag(false); // entropy_coding_mode_flag: CAVLC
        bits.Flag(false); // bottom_field_pic_order_in_frame_present_flag
        bits.Unsigned(0); // num_slice_groups_minus1
        bits.Unsigned(0); // num_ref_idx_l0_default_active_minus1
        bits.Unsigned(0); // num_ref_idx_l1_default_active_minus1
        bits.Flag(false); // weighted_pred_flag
        bits.Write(0, 2); // weighted_bipred_idc
        bits.Signed(LumaQuantiser - 26); // pic_init_qp_minus26
        bits.Signed(0); // pic_init_qs_minus26
        bits.Signed(ChromaOffset); // chroma_qp_index_offset
        bits.Flag(false); // deblocking_filter_control_present_flag: the filter runs, and smooths what is nearly smooth
        bits.Flag(true); // constrained_intra_pred_flag: intra macroblocks predict from their like only
        bits.Flag(false); // redundant_pic_cnt_present_flag
        bits.Finish();
        return NalUnit.Escape(bits.Written);
    }

    /// <summary>How to show the frames: their colours, and each as soon as it is decoded (clause E.1.1).</summary>
    private static void WriteUsability(BitWriter bits)
    {
        const int Bt709 = 1;
        bits.Flag(false); // aspect_ratio_info_present_flag
        bits.Flag(false); // overscan_info_present_flag
        bits.Flag(true); // video_signal_type_present_flag
        bits.Write(5, 3); // video_format: unspecified
        bits.Flag(false); // video_full_range_flag
        bits.Flag(true); // colour_description_present_flag
        bits.Write(Bt709, 8); // colour_primaries
        bits.Write(Bt709, 8); // transfer_characteristics
        bits.Write(Bt709, 8); // matrix_coefficients
        bits.Write(0, 5); // no chroma location, timing, hypothetical decoders, picture structure
        bits.Flag(true); // bitstream_restriction_flag
        bits.Flag(true); // motion_vectors_over_pic_boundaries_flag
        bits.Unsigned(0); // max_bytes_per_pic_denom
        bits.Unsigned(0); // max_bits_per_mb_denom
        bits.Unsigned(0); // log2_max_mv_length_horizontal
        bits.Unsigned(0); // log2_max_mv_length_vertical
        bits.Unsigned(0); // max_num_reorder_frames
        bits.Unsigned(1); // max_dec_frame_buffering
    }

    /// <summary>A frame may be at most so large, and so wide or so high: clause A.3.1.</summary>
    private static bool Allow(FrameSize size, int macroblocks) =>
        size.Macroblocks <= macroblocks && Math.Max(size.Columns, size.Rows) <= Math.Sqrt(8.0 * macroblocks);
}
