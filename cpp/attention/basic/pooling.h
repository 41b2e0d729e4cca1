#pragma once

namespace heed::attention {

class Builder;

// AvgPool: means of windows, as torch.nn.AvgPool1d and AvgPool2d.
//
// - Formula: y = mean of x over the window, padding counted as zeros unless countIncludePad is
// false
// - Input x: (batch, channels, length) or (batch, channels, height, width)
// - Output output: (batch, channels, ...)
// - Option kernelSize: number | number[]. One for all axes, or one for each.
// - Option stride: number | number[]. The kernel's size unless told.
// - Option padding: number | number[] = 0.
// - Option ceil: boolean = false. Windows may begin inside and end outside.
// - Option countIncludePad: boolean = true.
// - Option axes: number = 2. Spatial axes, 1 or 2.
// - Source: torch.nn.AvgPool2d
// - Example: { kernelSize: 2 } of x [1, 4, 6, 6]
void build_avg_pool(Builder& b);

// MaxPool: the largest elements of windows, as torch.nn.MaxPool1d and MaxPool2d.
//
// - Formula: y = max of x over the window
// - Input x: (batch, channels, length) or (batch, channels, height, width)
// - Output output: (batch, channels, ...)
// - Option kernelSize: number | number[]. One for all axes, or one for each.
// - Option stride: number | number[]. The kernel's size unless told.
// - Option padding: number | number[] = 0.
// - Option ceil: boolean = false. Windows may begin inside and end outside.
// - Option axes: number = 2. Spatial axes, 1 or 2.
// - Source: torch.nn.MaxPool2d
// - Example: { kernelSize: 3, stride: 2, padding: 1 } of x [1, 4, 7, 7]
void build_max_pool(Builder& b);

// GlobalAveragePool: the mean of each channel, as torch.nn.AdaptiveAvgPool2d(1).
//
// - Formula: y = mean of x over all axes from the third on
// - Input x: (batch, channels, ...)
// - Output output: (batch, channels), or (batch, channels, 1, ...) where axes are kept
// - Option keepAxes: boolean = false.
// - Source: torch.nn.AdaptiveAvgPool2d
// - Example: {} of x [1, 4, 7, 7]
void build_global_average_pool(Builder& b);

// GlobalMaxPool: the largest element of each channel, as torch.nn.AdaptiveMaxPool2d(1).
//
// - Formula: y = max of x over all axes from the third on
// - Input x: (batch, channels, ...)
// - Output output: (batch, channels), or (batch, channels, 1, ...) where axes are kept
// - Option keepAxes: boolean = false.
// - Source: torch.nn.AdaptiveMaxPool2d
// - Example: {} of x [1, 4, 7, 7]
void build_global_max_pool(Builder& b);

}  // namespace heed::attention
