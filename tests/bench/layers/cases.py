"""What the layer benchmark measures: a dialect or two of every mechanism that ONNX can express, at three sizes.

The modules are those of tests/fixtures/attention. README.md says what is left out, and why.
"""

from dataclasses import dataclass, field

import torch
from timm.layers import (Attention, AttentionPoolLatent, AttentionRope, EcaModule, EffectiveSEModule,
                         GlobalContext, SEModule, SelectiveKernel, SplitAttn)
from timm.layers.bottleneck_attn import BottleneckAttn
from timm.layers.gather_excite import GatherExcite
from timm.layers.halo_attn import HaloAttn
from timm.layers.lambda_layer import LambdaLayer
from timm.models.swin_transformer import SwinTransformerBlock
from torch import nn
from torch.nn import functional as F

import branches
import cbam
import danet
import eca
import gates
import hacnn
import hybrid
import networks
import pfanet
import self_attention
import soca
import spatial_attentions as spatial
import squeeze_excite
import temporal
from fixture import RESTATED, TIMM, TORCH, TORCHVISION


def sides(*values):
    return [{"height": side, "width": side} for side in values]


def lengths(*values):
    return [{"length": value} for value in values]


MAPS = sides(14, 56, 112)
# Where every position looks at every other, or the work is as much.
HEAVY = sides(14, 28, 56)
BLOCKS = sides(16, 32, 64)
LENGTHS = lengths(64, 256, 1024)
# Patches of 16x16 pixels and a class token in pictures of 96, 224 and 512 pixels; 7x7 windows for the first.
TOKENS = lengths(49, 197, 1024)
IMAGE = {"x": (1, 64, "height", "width")}
SEQUENCE = {"x": (1, "length", 384)}


@dataclass
class Case:
    """inputs: name -> shape, whose texts are axes that `sizes` give numbers for.

    make: a module, from a size's axes when `per_size`, else from nothing. run(module, *inputs) gives the output, or
    (output, maps). per_size: shapes are baked into the module or its export, so that each size is a file.
    ignored: what the module has beside the mechanism; beginnings of names in its state dict. scale: the inputs lie in
    [-scale, scale). operator: the file is this one operator of ONNX, which PyTorch's exporter does not use.
    """

    mechanism: str
    dialect: str
    source: str
    make: object
    inputs: dict
    sizes: list
    run: object = None
    options: dict = field(default_factory=dict)
    gain: float = 1.0
    per_size: bool = False
    ignored: tuple = ()
    scale: float = 1.7320508
    operator: str = ""
    place: int = 0

    @property
    def name(self):
        return f"{self.mechanism}_{self.dialect}"


class WithTable(nn.Module):
    """A module beside the table of sines and cosines that timm's rotary embedding is given."""

    def __init__(self, module, length, dim, half):
        super().__init__()
        self.inner = module
        self.register_buffer("rotary", self_attention.table(length, dim, half=half).float())


def rope(half, **options):
    """timm's AttentionRope of width 384 and 6 heads, and what it reads beside x."""
    make = lambda length: WithTable(
        AttentionRope(384, 6, num_prefix_tokens=0, rotate_half=half, **options), length, 64, half)
    return make, lambda m, x: m.inner(x, rope=m.rotary)


def scaled_dot_product(m, q, k, v):
    """As exporters write it. Query head h uses key head h // groups."""
    groups = q.shape[1] // k.shape[1]
    spread = lambda t: t if groups == 1 else t[:, :, None].expand(-1, -1, groups, -1, -1).flatten(1, 2)
    return F.scaled_dot_product_attention(q, spread(k), spread(v))


def causal(m, q, k, v):
    return F.scaled_dot_product_attention(q, k, v, is_causal=True)


def self_attend(m, x):
    return m(x, x, x, need_weights=False)[0]


def cross_attend(m, query, memory):
    return m(query, memory, memory, need_weights=False)[0]


def crops(x, theta, size):
    """hacnn.crops, without writing into a tensor: exporters make a chain of scatters of that."""
    out = []
    for region in range(4):
        shift = theta[:, region, :, None]
        scale = torch.tensor([[[1.0, 0.0], [0.0, 0.25]]]).expand(theta.shape[0], -1, -1)
        grid = F.affine_grid(torch.cat([scale, shift], 2), x.shape, align_corners=True)
        crop = F.grid_sample(x, grid, align_corners=True)
        out.append(F.interpolate(crop, size, mode="bilinear", align_corners=True))
    return torch.stack(out, 1)


def harmonious(m, x):
    soft, theta = m(x)
    return {"output": x * soft, "crops": crops(x, theta, (24, 28))}


def hard(m, x):
    theta = m(x)
    return {"theta": theta, "crops": crops(x, theta, (24, 28))}


def transform(m, x, theta):
    return F.grid_sample(x, F.affine_grid(theta, x.shape, align_corners=False), align_corners=False)


def swin(m, x):
    m.attn.fused_attn = False
    return m._attn(x)


def instance_norm(layer, x):
    """pfanet.batch_norm for a batch of 1: the statistics of the batch are those of the picture."""
    return F.instance_norm(x, weight=layer.gamma, bias=layer.beta, eps=1e-3)


def softmax(scores, lengths):
    """temporal.masked_softmax without lengths, where no row can be empty."""
    assert lengths is None
    return scores.softmax(-1)


def eye(n, dtype):
    """torch.eye; ONNX Runtime has no EyeLike of booleans."""
    line = torch.arange(n)
    return (line[:, None] == line).to(dtype)


def unfold(x, axis, size, step):
    """torch.Tensor.unfold by one Gather, whose exporter gives up."""
    starts = torch.arange(0, x.shape[axis] - size + 1, step)
    windows = (starts[:, None] + torch.arange(size)).flatten()
    return x.index_select(axis, windows).unflatten(axis, (len(starts), size)).movedim(axis + 1, -1)


pfanet.batch_norm = instance_norm
temporal.masked_softmax = softmax
torch.eye = eye
torch.Tensor.unfold = unfold


def parts():
    return {"eca": eca.Eca(3), "gate": cbam.ChannelGate(64, 16), "space": cbam.SpatialGate(7)}


TEMPORAL = {"query": (1, 16, 256), "memory": (1, "length", 256)}
HEADS = {name: (1, 6, "length", 64) for name in "qkv"}


def tier_1():
    yield Case("ChannelAttention", "ese_sigmoid", f"{TIMM} EffectiveSEModule",
               lambda: EffectiveSEModule(64, gate_layer="sigmoid"), IMAGE, MAPS, options={"gate": "sigmoid"})
    yield Case("SqueezeExcite", "timm", f"{TIMM} SEModule", lambda: SEModule(64), IMAGE, MAPS)
    yield Case("ECA", "timm", f"{TIMM} EcaModule", lambda: EcaModule(64), IMAGE, MAPS, gain=3.0)
    yield Case("ECA", "sequence", RESTATED, lambda: eca.Eca(3), {"x": (1, 64, "length")}, LENGTHS, gain=3.0)
    yield Case("SOCA", "official", RESTATED, lambda: soca.Soca(64, 16), IMAGE, MAPS, gain=3.0)
    yield Case("SpatialSqueeze", "conv", RESTATED, lambda: squeeze_excite.Spatial(64), IMAGE, MAPS)
    yield Case("ConcurrentSqueezeExcite", "max", RESTATED,
               lambda: squeeze_excite.Concurrent(64, 32, "max", "linear"), IMAGE, MAPS, options={"merge": "max"})
    yield Case("ConcurrentSqueezeExcite", "sum", RESTATED,
               lambda: squeeze_excite.Concurrent(64, 32, "sum", "conv"), IMAGE, MAPS, options={"merge": "sum"})
    yield Case("CBAM", "official", RESTATED, lambda: cbam.Cbam(64, 16), IMAGE, MAPS)
    yield Case("ChannelGate", "official", RESTATED, lambda: cbam.ChannelGate(64, 16), IMAGE, MAPS)
    yield Case("SpatialGate", "official", RESTATED, lambda: cbam.SpatialGate(), IMAGE, MAPS)
    yield Case("SelectiveKernel", "paper", f"{TIMM} SelectiveKernel",
               lambda: SelectiveKernel(64, groups=32, rd_channels=32, split_input=False), IMAGE, MAPS,
               options={"splitInput": False, "groups": 32})
    yield Case("SplitAttention", "timm_radix_2_groups_1", f"{TIMM} SplitAttn",
               lambda: SplitAttn(64, 64, radix=2, groups=1, norm_layer=nn.BatchNorm2d), IMAGE, MAPS,
               options={"radix": 2, "groups": 1})
    yield Case("PositionAttention", "official", RESTATED, lambda: danet.Position(64), IMAGE, HEAVY)
    yield Case("ChannelSelfAttention", "official", RESTATED, lambda: danet.Channel(), IMAGE, MAPS,
               scale=0.1)  # Else the map is one-hot, and the choice a matter of rounding.
    yield Case("DualAttention", "head", RESTATED, lambda: danet.Head(256, 19),
               {"x": (1, 256, "height", "width")}, HEAVY)
    yield Case("PyramidFeatureAttention", "context", RESTATED, lambda: pfanet.Context(64, 32, "C3"), IMAGE, MAPS,
               options={"name": "C3"})
    yield Case("PyramidFeatureAttention", "channel", RESTATED, lambda: pfanet.Channels(384),
               {"x": (1, 384, "height", "width")}, HEAVY)
    yield Case("PyramidFeatureAttention", "spatial", RESTATED, lambda: pfanet.Space(64),
               {"low": (1, 64, "height", "width"), "high": (1, 64, "height", "width")}, MAPS, pfanet.spatial)
    yield Case("PyramidFeatureAttention", "whole", RESTATED, lambda: pfanet.Pyramid((256, 512, 512), 32, 64),
               {"low": (1, 64, "height", "width"), "c3": (1, 256, "height3", "width3"),
                "c4": (1, 512, "height4", "width4"), "c5": (1, 512, "height5", "width5")},
               [{axis + level: side // by for axis in ("height", "width")
                 for level, by in (("", 1), ("3", 4), ("4", 8), ("5", 16))} for side in (64, 128, 256)])
    yield Case("SpatialAttn", "official", RESTATED, lambda: hacnn.Spatial(), IMAGE, MAPS)
    yield Case("ChannelAttn", "official", RESTATED, lambda: hacnn.Channel(64), IMAGE, MAPS)
    yield Case("SoftAttn", "official", RESTATED, lambda: hacnn.Soft(64), IMAGE, MAPS)
    aligned = {"alignCorners": True, "size": [24, 28]}
    yield Case("HardAttn", "align_corners_true", RESTATED, lambda: hacnn.Hard(64), IMAGE, MAPS, hard, aligned)
    yield Case("HarmoniousAttention", "align_corners_true", RESTATED, lambda: hacnn.Harmonious(64), IMAGE, MAPS,
               harmonious, aligned)
    yield Case("SpatialTransformer", "align_corners_false", f"{TORCH} F.affine_grid, F.grid_sample", None,
               {**IMAGE, "theta": (1, 2, 3)}, MAPS, transform, {"alignCorners": False})

    source = f"{TORCH} F.scaled_dot_product_attention"
    yield Case("ScaledDotProductAttention", "plain", source, None, HEADS, TOKENS, scaled_dot_product)
    yield Case("ScaledDotProductAttention", "causal_top_left", source, None, HEADS, TOKENS, causal,
               {"causal": "top-left"})
    yield Case("ScaledDotProductAttention", "grouped", source, None,
               {"q": (1, 6, "length", 64), "k": (1, 2, "length", 64), "v": (1, 2, "length", 64)}, TOKENS,
               scaled_dot_product, {"groups": 3})
    yield Case("ScaledDotProductAttention", "one_query", source, None, {**HEADS, "q": (1, 6, 1, 64)}, LENGTHS,
               scaled_dot_product)
    yield Case("ScaledDotProductAttention", "onnx_operator", "ONNX Attention-23", None, HEADS, TOKENS,
               scaled_dot_product, operator="Attention")
    source = f"{TORCH} nn.MultiheadAttention"
    make = lambda: nn.MultiheadAttention(384, 6, batch_first=True)
    yield Case("MultiHeadAttention", "torch_self", source, make, SEQUENCE, TOKENS, self_attend, {"heads": 6})
    yield Case("MultiHeadAttention", "torch_cross", source, make,
               {"query": (1, 16, 384), "memory": (1, "length", 384)}, LENGTHS, cross_attend, {"heads": 6})
    yield Case("MultiHeadAttention", "timm", f"{TIMM} Attention", lambda: Attention(384, 6, qkv_bias=True), SEQUENCE,
               TOKENS, options={"heads": 6})
    make, run = rope(True)
    options = {"heads": 6, "rotary": "half", "base": 10000}
    yield Case("MultiHeadAttention", "rotary_half", f"{TIMM} AttentionRope", make, SEQUENCE, LENGTHS, run, options,
               per_size=True)
    make, run = rope(False, qkv_fused=False, num_kv_heads=2, qkv_bias=False, proj_bias=False)
    options = {"heads": 6, "kvHeads": 2, "rotary": "interleaved", "base": 10000}
    yield Case("MultiHeadAttention", "grouped_rotary_interleaved", f"{TIMM} AttentionRope", make, SEQUENCE, LENGTHS,
               run, options, per_size=True)
    for read_out in (False, True):
        yield Case("SequenceSelfAttention", "read_out" if read_out else "plain", RESTATED,
                   lambda read_out=read_out: self_attention.Sequence(128, 128, read_out), {"x": (1, "length", 128)},
                   LENGTHS, options={"readOut": read_out})
    yield Case("AdditiveAttention", "paper", RESTATED, lambda: temporal.Bahdanau(256, 256, 128), TEMPORAL, LENGTHS)
    for score in ("dot", "general", "concat"):
        yield Case("LuongAttention", score, RESTATED, lambda score=score: temporal.Luong(256, score), TEMPORAL,
                   LENGTHS, options={"score": score})
    yield Case("LuongAttention", "local_predictive", RESTATED,
               lambda: temporal.Luong(256, "general", "predictive", 10), TEMPORAL, LENGTHS,
               options={"score": "general", "local": "predictive", "window": 10})
    name, x = "TemporalAttentionPooling", {"x": (1, "length", 256)}
    yield Case(name, "one_head", RESTATED, lambda: temporal.Han(256, 128), x, LENGTHS)
    yield Case(name, "multi_head", RESTATED, lambda: temporal.Structured(256, 128, 8, False), x, LENGTHS)
    x = {"x": (1, 256, "length")}
    for form in ("one", "clovaai", "speechbrain"):
        yield Case(name, f"statistics_{form}", RESTATED, lambda form=form: temporal.Statistics(256, 128, form), x,
                   LENGTHS)
    yield Case(name, "latent_token", f"{TIMM} AttentionPoolLatent",
               lambda: AttentionPoolLatent(384, num_heads=6, latent_len=1, mlp_ratio=4.0), SEQUENCE, TOKENS,
               options={"heads": 6, "pool": "token"})
    yield Case("HybridAttention", "sequence", RESTATED, lambda: hybrid.Hybrid(parts(), "sequence"), IMAGE, MAPS,
               options={"combine": "sequence", "residual": False, "parts": ["ECA", "ChannelGate", "SpatialGate"]})
    yield Case("HybridAttention", "sum_residual", RESTATED,
               lambda: hybrid.Hybrid({"channel": squeeze_excite.Plain(64, 32, ["fc1", "fc2"], True),
                                      "spatial": squeeze_excite.Spatial(64)}, "sum", True), IMAGE, MAPS,
               options={"combine": "sum", "residual": True, "parts": ["SqueezeExcite", "SpatialSqueeze"]})


def tier_2():
    yield Case("BAM", "official", RESTATED, lambda: gates.Bam(64, 16), IMAGE, MAPS, options={"merge": "product"})
    yield Case("NonLocal", "alexhex_embedded_gaussian", RESTATED,
               lambda: spatial.NonLocal(64, "alexhex"), IMAGE, HEAVY,
               options={"mode": "embedded_gaussian", "pool": False})
    yield Case("NonLocal", "facebook", RESTATED, lambda: spatial.NonLocal(64, "facebook", pool=True), IMAGE, HEAVY,
               options={"pool": True})
    yield Case("GlobalContext", "timm_gc", f"{TIMM} GlobalContext", lambda: GlobalContext(64), IMAGE, MAPS)
    yield Case("GlobalContext", "official_add", RESTATED, lambda: gates.ContextBlock(64, 16, ("add",)), IMAGE, MAPS)
    yield Case("CoordinateAttention", "official", RESTATED, lambda: gates.Coordinate(64, 8), IMAGE, MAPS)
    yield Case("SimAM", "official", RESTATED, None, IMAGE, MAPS, gates.simam(1e-4), {"lambda": 1e-4})
    yield Case("TripletAttention", "root", RESTATED, lambda: gates.Triplet(), IMAGE, MAPS)
    for extent in (0, 2):
        yield Case("GatherExcite", f"extent_{extent}" if extent else "global", f"{TIMM} GatherExcite",
                   lambda extent=extent: GatherExcite(64, extent=extent, extra_params=False, use_mlp=False), IMAGE,
                   MAPS, options={"extent": extent})
    yield Case("DoubleAttention", "paper", RESTATED, lambda: spatial.Double(64, 32, 32), IMAGE, MAPS)
    yield Case("CrissCrossAttention", "recurrence_1", RESTATED, lambda: spatial.CrissCross(64, 1), IMAGE, HEAVY,
               options={"recurrence": 1})
    yield Case("CrissCrossAttention", "recurrence_2", RESTATED, lambda: spatial.CrissCross(64, 2), IMAGE, HEAVY,
               options={"recurrence": 2})
    yield Case("ExternalAttention", "official", RESTATED, lambda: spatial.External(64, 64), IMAGE, MAPS)
    yield Case("ExternalAttention", "multi_head", RESTATED, lambda: spatial.ExternalHeads(384, 6, 64), SEQUENCE,
               TOKENS, options={"heads": 6})
    yield Case("EfficientAttention", "official", RESTATED, lambda: spatial.Efficient(64, 64, 64, 4), IMAGE, MAPS,
               options={"heads": 4})
    yield Case("WindowAttention", "shifted", f"{TIMM} SwinTransformerBlock._attn",
               lambda height, width: SwinTransformerBlock(96, (height, width), 3, window_size=7, shift_size=3),
               {"x": (1, "height", "width", 96)}, HEAVY, swin,
               {"heads": 3, "window": 7, "shift": 3, "layout": "NHWC"}, per_size=True, ignored=("mlp.", "norm"))
    for axis in ("height", "width"):
        yield Case("AxialAttention", axis, RESTATED,
                   lambda axis=axis, **size: spatial.Axial(64, 64, 8, size[axis], axis == "width"), IMAGE, HEAVY,
                   options={"groups": 8, "axis": axis}, per_size=True)
    yield Case("EMA", "official", RESTATED, lambda: gates.MultiScale(64, 8), IMAGE, MAPS, options={"groups": 8})
    yield Case("CPCA", "official", RESTATED, lambda: gates.Cpca(64), IMAGE, MAPS)
    yield Case("LargeKernelAttention", "gate", RESTATED, lambda: gates.LargeKernel(64), IMAGE, MAPS)
    yield Case("LargeKernelAttention", "block", RESTATED, lambda: gates.LargeKernelBlock(64), IMAGE, MAPS)
    yield Case("StripPooling", "official", RESTATED, lambda **size: gates.Strips(64, (7, 2)), IMAGE, MAPS,
               options={"sizes": [7, 2]}, per_size=True)
    yield Case("StripPooling", "timm", f"{TIMM} coord_attn.StripAttn", lambda: gates.StripAttn(64), IMAGE, MAPS)
    for sequential in (False, True):
        yield Case("PolarizedSelfAttention", "sequential" if sequential else "parallel", RESTATED,
                   lambda sequential=sequential: gates.Polarized(64, sequential), IMAGE, MAPS, gain=2.0)
    yield Case("AttentionGate", "official", RESTATED, lambda: gates.GridGate(64, 128, 32),
               {**IMAGE, "g": (1, 128, "height2", "width2")},
               [{"height": side, "width": side, "height2": side // 2, "width2": side // 2} for side in (14, 56, 112)])
    yield Case("DeformableAttention", "official", RESTATED,
               lambda height, width: spatial.Deformable(6, 16, 3, (height, width), height // 7, height // 7, 2),
               {"x": (1, 96, "height", "width")}, HEAVY,
               options={"heads": 6, "groups": 3, "offsetRange": 2}, per_size=True)
    yield Case("LambdaLayer", "convolution", f"{TIMM} LambdaLayer", lambda: LambdaLayer(64, dim_head=16, r=9), IMAGE,
               HEAVY, options={"heads": 4})
    yield Case("HaloAttention", "stride_1", f"{TIMM} HaloAttn",
               lambda **size: HaloAttn(64, num_heads=4, dim_head=16, block_size=8, halo_size=3), IMAGE, BLOCKS,
               options={"heads": 4, "block": 8, "halo": 3, "stride": 1}, per_size=True)
    yield Case("BottleneckAttention", "timm", f"{TIMM} BottleneckAttn",
               lambda height, width: BottleneckAttn(64, feat_size=(height, width), num_heads=4, dim_head=16), IMAGE,
               HEAVY, options={"heads": 4}, per_size=True)


def encoder(length):
    """Its table of sines and cosines is a buffer, which the file leaves out."""
    module = networks.Encoder(256, 4)
    module.register_buffer("rotary", self_attention.table(length, 64).float())
    return module


def whole_networks():
    """Of the layers and what stands around them."""
    yield Case("Network", "signal_eca", f"{TORCH} layers; ECA {RESTATED}", lambda: networks.Signal(7),
               {"x": (1, 3, "length")}, lengths(1000, 8000), gain=1.7)
    yield Case("Network", "resnet18_cbam", f"{TORCHVISION} ResNet; CBAM {RESTATED}",
               lambda: networks.cbam_resnet(100), {"x": (1, 3, "height", "width")}, sides(64, 224))
    yield Case("Network", "gru_bahdanau", f"{TORCH} GRU; attention {RESTATED}",
               lambda: networks.Recurrent(64, 64, 64, 5), {"x": (1, "length", 64)}, lengths(50, 200))
    yield Case("Network", "rotary_encoder", f"{TIMM} AttentionRope, Mlp; {TORCH} LayerNorm", encoder,
               {"x": (1, "length", 256)}, lengths(64, 256), lambda m, x: m(x, m.rotary),
               {"heads": 4, "rotary": "interleaved", "base": 10000}, per_size=True)


def cases():
    """In the catalogue's order, then the networks."""
    found = [*tier_1(), *tier_2(), *whole_networks()]
    for place, case in enumerate(found):
        case.place = place
    return found
